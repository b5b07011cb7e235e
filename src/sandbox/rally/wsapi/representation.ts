// How an object looks in an answer. Sources: the fixtures of Rally's toolkits, see README.md.
import { WsapiObject, type Objects } from './objects.js';
import { typeNamed } from './schema.js';

export const VERSION = { _rallyAPIMajor: '2', _rallyAPIMinor: '0' };

/** What `fetch` asks for: all fields, or the ones of these names. */
export type Fetch = 'true' | ReadonlySet<string>;

/** How deep fetched names reach: a task's story's project's parent. Fields can lead in a circle. */
const DEEPEST = 3;

/** Names that are fetched go for the object and for the ones that its fields hold. */
export class Representation {
  constructor(
    private readonly objects: Objects,
    /** Up to and with `/v2.0`. */
    private readonly base: string,
    private readonly fetch: Fetch,
  ) {}

  /** Without `fetch` a row is little more than a reference. */
  of(object: WsapiObject, depth = 0): object {
    const { attributes, collections } = typeNamed(object.type);
    const entries: (readonly [string, unknown])[] = [];
    for (const name of attributes.keys()) {
      if (!this.isFetched(name)) continue;
      const value = object.get(name);
      entries.push([name, value instanceof WsapiObject ? this.inField(value, depth + 1) : value]);
      if (name === 'CreationDate') entries.push(['_CreatedAt', day(object.text(name))]);
    }
    for (const [name, { type, of }] of collections) {
      if (!this.isFetched(name)) continue;
      const _ref = `${this.base}/${object.type}/${object.objectId}/${name}`;
      entries.push([name, { _ref, _type: type, Count: of(object, this.objects).length }]);
    }
    return {
      ...VERSION,
      _ref: this.refOf(object),
      _refObjectUUID: object.uuid,
      _objectVersion: String(object.version),
      _refObjectName: object.name,
      ...Object.fromEntries(entries),
      _type: object.type,
    };
  }

  private inField(object: WsapiObject, depth: number): object {
    const { attributes, collections } = typeNamed(object.type);
    const hasFetched =
      this.fetch !== 'true' &&
      [...this.fetch].some((name) => attributes.has(name) || collections.has(name));
    if (hasFetched && depth <= DEEPEST) return this.of(object, depth);
    return { _ref: this.refOf(object), _refObjectName: object.name, _type: object.type };
  }

  private refOf({ type, objectId }: WsapiObject): string {
    return `${this.base}/${type.toLowerCase()}/${objectId}`;
  }

  private isFetched(name: string): boolean {
    return this.fetch === 'true' || this.fetch.has(name);
  }
}

const days = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' });

/** `Feb 1, 2024` */
function day(date: string | undefined): string | undefined {
  return date === undefined ? undefined : days.format(new Date(date));
}
