// Sessions in Redis, for several processes, and for longer than one of them lives.
import { RedisStore } from 'connect-redis';
import type { SessionData } from 'express-session';
import type { Logger } from 'pino';
import { RedisStore as RedisRateLimits, type RedisReply } from 'rate-limit-redis';
import type { SetOptions } from 'redis';
import type { RedisSettings } from '../config.js';
import { SUCCESSION_MS } from './record.js';
import { RedisConnection } from './redis-connection.js';
import { RedisLocks } from './redis-locks.js';
import { createSeal } from './seal.js';
import type { SessionStore } from './store.js';

const PREFIX = 'rally-gocd-oauth-sample:';

export class RedisSessions extends RedisStore implements SessionStore {
  /** Resolves when Redis answers for the first time. */
  readonly opened: Promise<unknown>;
  readonly rateLimits: RedisRateLimits;
  private readonly redis: RedisConnection;
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
  ) {
    const redis = new RedisConnection(settings, log);
    super({
      client: commandsOf(redis),
      prefix: `${PREFIX}session:`,
      serializer: createSeal(secrets) as { parse(text: string): SessionData; stringify: Stringify },
      ttl: ({ connections }: SessionData) =>
        Math.ceil((connections ? connectedTtlMs : pendingTtlMs) / 1000),
    });
    this.redis = redis;
    this.opened = redis.opened;
    this.locks = new RedisLocks(redis, `${PREFIX}lock:`);
    this.rateLimits = new RedisRateLimits({
      prefix: `${PREFIX}requests:`,
      sendCommand: (...command) =>
        redis.ask((client) => client.sendCommand<RedisReply>(command)).catch(notLoaded(command)),
    });
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

  /** Where a session is now: it may have been renewed more than once. */
  async successorOf(id: string): Promise<string | undefined> {
    const next = await this.redis.ask((client) => client.get(`${PREFIX}successor:${id}`));
    return next === null ? undefined : ((await this.successorOf(next)) ?? next);
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
