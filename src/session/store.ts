import { setTimeout as delay } from 'node:timers/promises';
import type { SessionData, Store as SessionRecords } from 'express-session';
import type { Store as RateLimits } from 'express-rate-limit';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Recordings } from '../walkthrough/recordings.js';
import { MemorySessions } from './memory.js';

/**
 * Where sessions are, and what requests that share one agree on: in this process, or in all that
 * share a Redis.
 */
export interface SessionStore extends SessionRecords {
  /** @returns undefined where there is no such session */
  read(id: string): Promise<SessionData | undefined>;
  write(id: string, data: SessionData): Promise<void>;
  /** @returns undefined: who follows a session through its ids goes on to the next */
  end(id: string): Promise<undefined>;
  /** Does nothing: at the end of each request express-session would write back its copy. */
  set(id: string, data: SessionData, callback?: () => void): void;
  /**
   * Does work while no other request does work of the same name.
   *
   * @param holdMs after so many milliseconds others may go on although the work has not ended: its
   *   process may have been killed
   * @throws {SessionStoreError} when its turn does not come
   */
  oneAtATime<Result>(name: string, holdMs: number, work: () => Promise<Result>): Promise<Result>;
  /** Notes where a session is now that had another id a moment ago. */
  rememberSuccessor(former: string, id: string): Promise<void>;
  /** @returns undefined where it had no other id lately */
  successorOf(id: string): Promise<string | undefined>;
  /** @throws {SessionStoreError} when it does not answer */
  check(): Promise<void>;
  /** Counts requests for a rate limit where sessions are counted, too. */
  readonly rateLimits: RateLimits | undefined;
  /** Keeps what the walkthrough shows. */
  readonly recordings: Recordings;
  close(): Promise<void>;
}

/** The session store does not answer. Nobody is signed out by that: it is not asked again at once. */
export class SessionStoreError extends Error {}

/** SECURITY.md D7: a session of pending sign-ins is useless once their states expire. */
const PENDING_TTL_MS = 15 * 60 * 1000;

export interface StoreLimits {
  /** How many sessions of each kind memory holds; the least recently used is dropped first. */
  readonly mostSessions: number;
  /** How long a start waits for a Redis that may be unavailable. */
  readonly openingMs: number;
  /** How long Redis may take to answer a command. A healthy one takes a few milliseconds. */
  readonly commandMs: number;
  /**
   * A connection that was cut without a word (a failover, a router that dropped it) looks like a Redis
   * that hangs, and the system would wait for it for a quarter of an hour. A new one is opened when
   * nothing has been answered for this long.
   */
  readonly longestSilenceMs: number;
}

export const STORE_LIMITS: StoreLimits = {
  mostSessions: 20_000,
  openingMs: 1_000,
  commandMs: 1_000,
  longestSilenceMs: 3_000,
};

/**
 * Opens the store that is configured. It is waited for, so that the first request finds it; but not
 * for long: Redis may be started later.
 *
 * @param limits tests have lower ones
 */
export async function openSessionStore(
  config: Config,
  log: Logger,
  limits = STORE_LIMITS,
): Promise<SessionStore> {
  const connectedTtlMs = config.sessionTtlHours * 60 * 60 * 1000;
  if (!config.redis) {
    return new MemorySessions(connectedTtlMs, PENDING_TTL_MS, limits.mostSessions);
  }
  const { redis, sessionSecrets } = config;
  const { RedisSessions } = await import('./redis.js'); // a fifth of the start, and not always needed
  const store = new RedisSessions(
    redis,
    sessionSecrets,
    connectedTtlMs,
    PENDING_TTL_MS,
    log,
    limits,
  );
  await Promise.race([store.opened, delay(limits.openingMs)]);
  return store;
}
