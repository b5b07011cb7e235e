import { createHash } from 'node:crypto';
import type { RallyPerson } from '../people.js';
import type { TypeName } from './schema.js';

/** What stands in a field. An object there is shown as a reference, and queries look through it. */
export type Value = string | number | boolean | WsapiObject | null;

/** An object of WSAPI: everything in Rally is one, people and projects too. */
export class WsapiObject {
  /** Counts its changes: a client that sends an older one has missed a change. */
  version = 1;
  /** Other objects that it knows and that do not know it. */
  members: readonly WsapiObject[] = [];

  constructor(
    readonly type: TypeName,
    readonly objectId: number,
    readonly fields: Record<string, Value>,
    /** Of a user: who signs in. */
    readonly person?: RallyPerson,
  ) {}

  get name(): string | undefined {
    return this.text('Name');
  }

  /** Deleted people are gone from every answer. */
  get isThere(): boolean {
    return this.person?.status !== 'deleted';
  }

  /** The same at every start. */
  get uuid(): string {
    const hex = createHash('sha256').update(String(this.objectId)).digest('hex');
    const parts = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(hex) ?? [];
    return `${parts[1]}-${parts[2]}-4${parts[3]}-8${parts[4]}-${parts[5]}`;
  }

  text(field: string): string | undefined {
    const value = this.fields[field];
    return typeof value === 'string' ? value : undefined;
  }

  /** What a field holds; null where that has been deleted. */
  get(field: string): Value {
    if (field === 'ObjectID') return this.objectId;
    if (field === 'ObjectUUID') return this.uuid;
    const value = this.fields[field] ?? null;
    return value instanceof WsapiObject && !value.isThere ? null : value;
  }
}

/** All objects of the subscription. */
export class Objects {
  private readonly byId = new Map<number, WsapiObject>();
  private readonly byType = new Map<TypeName, Set<WsapiObject>>();
  private readonly referring = new Map<string, Map<Value, WsapiObject[]>>();
  private lastFormattedIds = new Map<string, number>();
  private lastObjectId = 90_000_000;

  all(type: TypeName): readonly WsapiObject[] {
    return [...(this.byType.get(type) ?? [])].filter(({ isThere }) => isThere);
  }

  find(type: TypeName, objectId: number): WsapiObject | undefined {
    const object = this.byId.get(objectId);
    return object?.type === type && object.isThere ? object : undefined;
  }

  add(object: WsapiObject): WsapiObject {
    this.byId.set(object.objectId, object);
    const ofType = this.byType.get(object.type) ?? new Set();
    this.byType.set(object.type, ofType.add(object));
    this.changed();
    return object;
  }

  remove(object: WsapiObject): void {
    this.byId.delete(object.objectId);
    this.byType.get(object.type)?.delete(object);
    this.changed();
  }

  /** To be called after a field has been set. */
  changed(): void {
    this.referring.clear();
  }

  /** The objects of a type that have another one in a field: a story's tasks, by `WorkProduct`. */
  whose(type: TypeName, field: string, value: WsapiObject): readonly WsapiObject[] {
    const key = `${type}.${field}`;
    let index = this.referring.get(key);
    if (!index) {
      index = new Map<Value, WsapiObject[]>();
      for (const object of this.all(type)) {
        const others = index.get(object.get(field));
        if (others) others.push(object);
        else index.set(object.get(field), [object]);
      }
      this.referring.set(key, index);
    }
    return index.get(value) ?? [];
  }

  nextObjectId(): number {
    return ++this.lastObjectId;
  }

  /** `US1`, `US2`…: each workspace counts for itself, so two of them may have a US1. */
  nextFormattedId(prefix: string, workspace: WsapiObject): string {
    const counter = `${prefix} ${workspace.objectId}`;
    const number = (this.lastFormattedIds.get(counter) ?? 0) + 1;
    this.lastFormattedIds.set(counter, number);
    return `${prefix}${number}`;
  }
}
