import type { Store } from 'express-rate-limit';
import { RedisStore, type RedisReply } from 'rate-limit-redis';
import type { RedisConnection } from './redis-connection.js';

/** Counts requests for all processes that share a Redis. */
export function rateLimitsIn(redis: RedisConnection, prefix: string): Store {
  return new RedisStore({
    prefix,
    sendCommand: (...command) =>
      redis.ask((client) => client.sendCommand<RedisReply>(command)).catch(notLoaded(command)),
  });
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
