// Sessions in Redis, for several processes, and for longer than one of them lives.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import session, { type SessionData } from 'express-session';
import type { Logger } from 'pino';
import { RedisStore as RedisRateLimits, type RedisReply } from 'rate-limit-redis';
import { createClient } from 'redis';
import type { RedisSettings } from '../config.js';
import { RedisRecordings } from '../walkthrough/redis-recordings.js';
import { createSeal } from './seal.js';
import { SessionStoreError, type SessionStore } from './store.js';
import { SUCCESSION_MS } from './record.js';
import { Turns } from './turns.js';

const PREFIX = 'rally-gocd-oauth-sample:';
/** A Redis that is well answers within a few milliseconds; people wait for it at every page. */
const COMMAND_TIMEOUT_MS = 1_000;
const LONGEST_PAUSE_MS = 2_000;
/** Within the 25 s in which a browser's request must be answered. */
const LONGEST_WAIT_MS = 20_000;

interface SealedData extends SessionData {
  readonly sealedFor?: string;
}

type Callback<Data> = (error: unknown, data?: Data) => void;

/** Deletes a lock if it is still ours: it may have ended by itself, and be somebody else's now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`;

export class RedisSessions extends session.Store implements SessionStore {
  readonly rateLimits: RedisRateLimits;
  readonly recordings: RedisRecordings;
  /** Resolves when Redis answers for the first time. */
  readonly opened: Promise<unknown>;
  private readonly redis;
  private readonly records: RedisStore;
  private readonly turns = new Turns();

  /**
   * @param secrets seal the records
   * @param connectedTtlMs idle life of a session with a connection, in milliseconds
   * @param pendingTtlMs idle life of any other
   */
  constructor(
    { url, verifiesCertificate }: RedisSettings,
    secrets: readonly string[],
    connectedTtlMs: number,
    pendingTtlMs: number,
    log: Logger,
  ) {
    const redis = createClient({
      url,
      // Refused at once while Redis is away: a request that waits for it would hang.
      disableOfflineQueue: true,
      socket: {
        reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_PAUSE_MS),
        ...(url.startsWith('rediss:') && { tls: true, rejectUnauthorized: verifiesCertificate }),
      },
    });
    super();
    this.records = new RedisStore({
      client: inTime(redis),
      prefix: `${PREFIX}session:`,
      serializer: createSeal<SessionData>(secrets, 'session records') as {
        parse(text: string): SessionData;
        stringify: Stringify;
      },
      ttl: ({ connections }: SessionData) =>
        Math.ceil((connections ? connectedTtlMs : pendingTtlMs) / 1000),
    });
    this.redis = redis;
    logChanges(redis, log);
    this.rateLimits = new RedisRateLimits({
      prefix: `${PREFIX}requests:`,
      sendCommand: (...command) =>
        answered(redis.sendCommand<RedisReply>(command)).catch(notLoaded(command)),
    });
    this.recordings = new RedisRecordings(
      redis,
      (command) => this.ask(command),
      `${PREFIX}walkthrough:`,
      createSeal(secrets, 'walkthrough records'),
      connectedTtlMs,
    );
    // Tries until it succeeds: neither side has to be started first.
    this.opened = redis.connect().catch(() => undefined);
  }

  get(id: string, callback: Callback<SessionData | null>): void {
    void this.records.get(
      id,
      failingAs((error, data?: SealedData | null) => {
        // A record that was copied to another id would let that one's owner be somebody else.
        callback(error, data?.sealedFor === id ? data : null);
      }),
    );
  }

  set(_id: string, _data: SessionData, callback?: () => void): void {
    callback?.();
  }

  destroy(id: string, callback?: Callback<never>): void {
    void this.records.destroy(id, failingAs(callback));
  }

  /** Prolongs a session. The page is ready by then, and is sent though Redis has gone away. */
  override touch(id: string, data: SessionData, callback?: () => void): void {
    void this.records.touch(id, data, () => callback?.());
  }

  async read(id: string): Promise<SessionData | undefined> {
    return (await promisify(this.get.bind(this))(id)) ?? undefined;
  }

  async write(id: string, data: SessionData): Promise<void> {
    await this.ask(() => this.records.set(id, { ...data, sealedFor: id } as SessionData));
  }

  async end(id: string): Promise<undefined> {
    await promisify(this.destroy.bind(this))(id);
  }

  async oneAtATime<Result>(
    name: string,
    holdMs: number,
    work: () => Promise<Result>,
  ): Promise<Result> {
    // First among the requests of this process: one of them alone then asks Redis.
    return this.turns.take(name, async () => {
      const key = `${PREFIX}lock:${name}`;
      const holder = randomUUID();
      await this.lock(key, holder, holdMs);
      try {
        return await work();
      } finally {
        // If that fails the lock ends by itself.
        await answered(this.redis.eval(UNLOCK, { keys: [key], arguments: [holder] })).catch(
          () => undefined,
        );
      }
    });
  }

  async rememberSuccessor(former: string, id: string): Promise<void> {
    await this.ask(() =>
      this.redis.set(`${PREFIX}successor:${former}`, id, {
        expiration: { type: 'PX', value: SUCCESSION_MS },
      }),
    );
  }

  async successorOf(id: string): Promise<string | undefined> {
    return (await this.ask(() => this.redis.get(`${PREFIX}successor:${id}`))) ?? undefined;
  }

  async check(): Promise<void> {
    await this.ask(() => this.redis.ping());
  }

  async close(): Promise<void> {
    await this.redis.close().catch(() => {
      this.redis.destroy();
    });
  }

  private async lock(key: string, holder: string, holdMs: number): Promise<void> {
    const from = performance.now();
    const options = { condition: 'NX', expiration: { type: 'PX', value: holdMs } } as const;
    while ((await this.ask(() => this.redis.set(key, holder, options))) === null) {
      if (performance.now() - from > LONGEST_WAIT_MS) {
        throw new SessionStoreError('another request holds a lock for too long');
      }
      await delay(10 + Math.random() * 20);
    }
  }

  private async ask<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    try {
      return await answered(command());
    } catch (error) {
      throw unavailable(error);
    }
  }
}

/** The client's own timeout is for what it has not sent yet. A Redis that hangs has taken it. */
async function answered<Answer>(command: Promise<Answer>): Promise<Answer> {
  const waiting = new AbortController();
  const late = delay(COMMAND_TIMEOUT_MS, undefined, { signal: waiting.signal }).then(() => {
    throw new SessionStoreError('no answer in time');
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    waiting.abort();
  }
}

/** The commands that connect-redis gives, each with a time to be answered in. */
function inTime<Client extends object>(redis: Client): Client {
  return new Proxy(redis, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      const isCommand = ['get', 'set', 'expire', 'del'].includes(String(name));
      return isCommand
        ? (...values: unknown[]) => answered((member as Command).apply(target, values))
        : member;
    },
  });
}

type Command = (...values: unknown[]) => Promise<unknown>;

type Stringify = (data: SessionData) => string;

/**
 * rate-limit-redis loads its scripts once, and remembers for ever that it could not. With a hash that
 * Redis does not know it loads them again when they are needed.
 */
function notLoaded([name]: readonly string[]): (error: unknown) => RedisReply {
  return (error) => {
    if (name === 'SCRIPT') return '0'.repeat(40);
    throw error;
  };
}

function failingAs<Data>(callback?: Callback<Data>): Callback<Data> {
  return (error, data) => callback?.(error && unavailable(error), data);
}

/** Without the cause: a command's error may repeat what was to be written. */
function unavailable(error: unknown): SessionStoreError {
  return new SessionStoreError(error instanceof Error ? error.constructor.name : 'unknown');
}

/** Says once that Redis is away, and once that it is back. */
function logChanges(
  redis: { on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown },
  log: Logger,
): void {
  let isAway = false;
  redis.on('error', (error) => {
    if (!isAway) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
      log.error({ code }, 'Redis is away: check REDIS_URL. Pages that need a session answer 503');
    }
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back');
    isAway = false;
  });
}
