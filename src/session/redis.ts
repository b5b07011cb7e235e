// Sessions in Redis, for several processes, and for longer than one of them lives.
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import session, { type SessionData } from 'express-session';
import type { Store as RateLimits } from 'express-rate-limit';
import type { Logger } from 'pino';
import type { SetOptions } from 'redis';
import type { RedisSettings } from '../config.js';
import { RedisRecordings } from '../walkthrough/redis-recordings.js';
import { RedisConnection } from './redis-connection.js';
import { RedisLocks } from './redis-locks.js';
import { rateLimitsIn } from './redis-rate-limits.js';
import { createSeal } from './seal.js';
import type { SessionStore, StoreLimits } from './store.js';
import { SUCCESSION_MS } from './succession.js';

const PREFIX = 'rally-gocd-oauth-sample:';

interface SealedData extends SessionData {
  readonly sealedFor?: string;
}

type Callback<Data> = (error: unknown, data?: Data) => void;

export class RedisSessions extends session.Store implements SessionStore {
  readonly recordings: RedisRecordings;
  /** Resolves when Redis answers for the first time. */
  readonly opened: Promise<unknown>;
  readonly rateLimits: RateLimits;
  private readonly redis: RedisConnection;
  private readonly records: RedisStore;
  private readonly locks: RedisLocks;

  /**
   * @param secrets seal the records
   * @param connectedTtlMs idle life of a session with a connection, in milliseconds
   * @param pendingTtlMs idle life of any other
   */
  constructor(
    settings: RedisSettings,
    secrets: readonly string[],
    connectedTtlMs: number,
    pendingTtlMs: number,
    log: Logger,
    limits: StoreLimits,
  ) {
    super();
    const redis = new RedisConnection(settings, log, limits);
    this.redis = redis;
    this.opened = redis.opened;
    this.records = new RedisStore({
      client: commandsOf(redis),
      prefix: `${PREFIX}session:`,
      serializer: createSeal<SessionData>(secrets, 'session records') as {
        parse(text: string): SessionData;
        stringify: Stringify;
      },
      ttl: ({ connections }: SessionData) =>
        Math.ceil((connections ? connectedTtlMs : pendingTtlMs) / 1000),
    });
    this.locks = new RedisLocks(redis, `${PREFIX}lock:`);
    this.rateLimits = rateLimitsIn(redis, `${PREFIX}requests:`);
    this.recordings = new RedisRecordings(
      redis,
      `${PREFIX}walkthrough:`,
      createSeal(secrets, 'walkthrough records'),
      connectedTtlMs,
    );
  }

  get(id: string, callback: Callback<SessionData | null>): void {
    void this.records.get(id, (error: unknown, data?: SealedData | null) => {
      callback(
        error,
        data?.sealedFor === id
          ? data
          : // SECURITY.md D2: a record copied to another id would sign that session in as someone else.
            null,
      );
    });
  }

  set(_id: string, _data: SessionData, callback?: () => void): void {
    callback?.();
  }

  override touch(id: string, data: SessionData, callback?: () => void): void {
    void this.records.touch(id, data, callback);
  }

  destroy(id: string, callback?: Callback<never>): void {
    void this.records.destroy(id, callback);
  }

  async read(id: string): Promise<SessionData | undefined> {
    return (await promisify(this.get.bind(this))(id)) ?? undefined;
  }

  async write(id: string, data: SessionData): Promise<void> {
    await this.records.set(id, { ...data, sealedFor: id } as SessionData);
  }

  async end(id: string): Promise<undefined> {
    await this.records.destroy(id);
  }

  async oneAtATime<Result>(
    name: string,
    holdMs: number,
    work: () => Promise<Result>,
  ): Promise<Result> {
    return this.locks.oneAtATime(name, holdMs, work);
  }

  async rememberSuccessor(former: string, id: string): Promise<void> {
    const expiration = { type: 'PX', value: SUCCESSION_MS } as const;
    await this.redis.ask((client) =>
      client.set(`${PREFIX}successor:${former}`, id, { expiration }),
    );
  }

  async successorOf(id: string): Promise<string | undefined> {
    const key = `${PREFIX}successor:${id}`;
    return (await this.redis.ask((client) => client.get(key))) ?? undefined;
  }

  async check(): Promise<void> {
    await this.redis.ask((client) => client.ping());
  }

  async close(): Promise<void> {
    await this.redis.close();
  }
}

type Stringify = (data: SessionData) => string;

/** What connect-redis asks of a client. */
function commandsOf(redis: RedisConnection) {
  return {
    get: (key: string) => redis.ask((client) => client.get(key)),
    set: (key: string, value: string, options: SetOptions) =>
      redis.ask((client) => client.set(key, value, options)),
    // Prolongs a session. The page is ready by then, and is sent though Redis has gone away.
    expire: (key: string, seconds: number) =>
      redis.ask((client) => client.expire(key, seconds)).catch(() => 0),
    del: (keys: string[]) => redis.ask((client) => client.del(keys)),
  };
}
