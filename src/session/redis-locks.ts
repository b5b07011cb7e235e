import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisConnection } from './redis-connection.js';
import { SessionStoreError } from './store.js';
import { Turns } from './turns.js';

/**
 * Within the 25 s in which a browser's request must be answered; and as long as a refresh holds its lock
 * at most, where UPSTREAM_TIMEOUT_MS is not set to more than by default.
 */
const LONGEST_WAIT_MS = 20_000;

/** Deletes a lock if it is still ours: it may have ended by itself, and be somebody else's now. */
const UNLOCK = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`;

/** Lets work of the same name be done one after the other, over all processes that share a Redis. */
export class RedisLocks {
  private readonly turns = new Turns();

  constructor(
    private readonly redis: RedisConnection,
    private readonly prefix: string,
  ) {}

  /** See {@link SessionStore.oneAtATime}. */
  async oneAtATime<Result>(
    name: string,
    holdMs: number,
    work: () => Promise<Result>,
  ): Promise<Result> {
    // First among the requests of this process: one of them alone then asks Redis.
    return this.turns.take(name, async () => {
      const key = this.prefix + name;
      const holder = randomUUID();
      await this.lock(key, holder, holdMs);
      try {
        return await work();
      } finally {
        await this.unlock(key, holder);
      }
    });
  }

  private async lock(key: string, holder: string, holdMs: number): Promise<void> {
    const lastTry = performance.now() + LONGEST_WAIT_MS;
    while (!(await this.isFirst(key, holder, holdMs))) {
      if (performance.now() > lastTry) {
        throw new SessionStoreError('another request holds a lock for too long');
      }
      await delay(10 + Math.random() * 20);
    }
  }

  private async isFirst(key: string, holder: string, holdMs: number): Promise<boolean> {
    const options = { condition: 'NX', expiration: { type: 'PX', value: holdMs } } as const;
    try {
      return (await this.redis.ask((client) => client.set(key, holder, options))) !== null;
    } catch (error) {
      // A Redis that was only slow sets it after all. It is to stay for nobody: this comes next.
      void this.unlock(key, holder);
      throw error;
    }
  }

  /** If that fails the lock ends by itself. */
  private async unlock(key: string, holder: string): Promise<void> {
    await this.redis
      .ask((client) => client.eval(UNLOCK, { keys: [key], arguments: [holder] }))
      .catch(() => undefined);
  }
}
