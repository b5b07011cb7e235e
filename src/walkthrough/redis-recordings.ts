import type { RedisConnection } from '../session/redis-connection.js';
import type { Seal } from '../session/seal.js';
import type { Part, Parts, Place, Recordings } from './recordings.js';

interface Sealed {
  readonly sealedFor: string;
  readonly value: unknown;
}

/** Recordings of all processes: a hash each, whose fields are sealed as sessions are. */
export class RedisRecordings implements Recordings {
  /**
   * @param ttlMs how long a recording lives from its newest part on, in milliseconds
   */
  constructor(
    private readonly redis: RedisConnection,
    private readonly prefix: string,
    private readonly seal: Seal<Sealed>,
    private readonly ttlMs: number,
  ) {}

  async begin(place: Place, part: Part, value: object): Promise<void> {
    const key = this.keyOf(place);
    const sealed = this.sealed(key, part, value);
    await this.redis.ask((client) =>
      client.multi().del(key).hSet(key, part, sealed).pExpire(key, this.ttlMs).exec(),
    );
  }

  async keep(place: Place, part: Part, value: object): Promise<void> {
    const key = this.keyOf(place);
    const sealed = this.sealed(key, part, value);
    await this.redis.ask((client) =>
      client.multi().hSet(key, part, sealed).pExpire(key, this.ttlMs).exec(),
    );
  }

  async keepFirst(place: Place, part: Part, value: object): Promise<void> {
    const key = this.keyOf(place);
    const sealed = this.sealed(key, part, value);
    await this.redis.ask((client) =>
      client.multi().hSetNX(key, part, sealed).pExpire(key, this.ttlMs).exec(),
    );
  }

  /** A part that cannot be opened counts as none, as a session does; so does one of another place. */
  async read(place: Place): Promise<Parts> {
    const key = this.keyOf(place);
    const fields = await this.redis.ask((client) => client.hGetAll(key));
    const parts = Object.entries(fields).flatMap(([part, text]) => {
      const opened = this.seal.parse(text);
      return opened?.sealedFor === nameOf(key, part) ? [[part, opened.value]] : [];
    });
    return Object.fromEntries(parts) as Parts;
  }

  async forget(place: Place): Promise<void> {
    await this.redis.ask((client) => client.del(this.keyOf(place)));
  }

  private sealed(key: string, part: Part, value: object): string {
    return this.seal.stringify({ sealedFor: nameOf(key, part), value } satisfies Sealed);
  }

  private keyOf({ id, provider }: Place): string {
    return `${this.prefix}${id}:${provider}`;
  }
}

function nameOf(key: string, part: string): string {
  return `${key} ${part}`;
}
