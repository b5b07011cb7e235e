import type { RedisConnection } from '../session/redis-connection.js';
import type { Seal } from '../session/seal.js';
import {
  FORGETTING_MS,
  type Part,
  type Parts,
  type Place,
  type Recordings,
  type Writer,
} from './recordings.js';

interface Sealed {
  readonly sealedFor: string;
  readonly value: unknown;
}

/** When a recording was begun or forgotten: a field beside its parts. */
const SINCE = 'since';

/** Writes a part, all at once: what was forgotten between a look and a write would come back. */
const WRITE = `
local arrivedAt, mode, part, sealed, ttlMs = unpack(ARGV)
local since = redis.call('hget', KEYS[1], '${SINCE}')
if since and tonumber(arrivedAt) < tonumber(since) then return end
if mode == 'begin' then
  redis.call('del', KEYS[1])
  redis.call('hset', KEYS[1], '${SINCE}', arrivedAt)
end
redis.call(mode == 'keepFirst' and 'hsetnx' or 'hset', KEYS[1], part, sealed)
redis.call('pexpire', KEYS[1], ttlMs)`;

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

  async begin(writer: Writer, part: Part, value: object): Promise<void> {
    await this.write('begin', writer, part, value);
  }

  async keep(writer: Writer, part: Part, value: object): Promise<void> {
    await this.write('keep', writer, part, value);
  }

  async keepFirst(writer: Writer, part: Part, value: object): Promise<void> {
    await this.write('keepFirst', writer, part, value);
  }

  /** A part that cannot be opened counts as none, as a session does; so does one of another place. */
  async read(place: Place): Promise<Parts> {
    const key = this.keyOf(place);
    const fields = await this.redis.ask((client) => client.hGetAll(key));
    const parts = Object.entries(fields).flatMap(([part, text]) => {
      const opened = this.seal.parse(text);
      return opened?.sealedFor === nameOf(key, part)
        ? [[part, opened.value]]
        : // SECURITY.md D10: a part copied from another user's recording.
          [];
    });
    return Object.fromEntries(parts) as Parts;
  }

  async forget(place: Place): Promise<void> {
    const key = this.keyOf(place);
    await this.redis.ask((client) =>
      client.multi().del(key).hSet(key, SINCE, Date.now()).pExpire(key, FORGETTING_MS).exec(),
    );
  }

  private async write(
    mode: 'begin' | 'keep' | 'keepFirst',
    writer: Writer,
    part: Part,
    value: object,
  ): Promise<void> {
    const key = this.keyOf(writer);
    const sealed = this.seal.stringify({ sealedFor: nameOf(key, part), value } satisfies Sealed);
    const values = [String(writer.arrivedAt), mode, part, sealed, String(this.ttlMs)];
    await this.redis.ask((client) => client.eval(WRITE, { keys: [key], arguments: values }));
  }

  private keyOf({ id, provider }: Place): string {
    return `${this.prefix}${id}:${provider}`;
  }
}

function nameOf(key: string, part: string): string {
  return `${key} ${part}`;
}
