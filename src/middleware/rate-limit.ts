import type { RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import type { Logger } from 'pino';
import { TooManyRequestsError } from '../errors.js';
import { maskText } from '../mask.js';

const WINDOW_MS = 60_000;

/**
 * Slows down whoever starts sign-ins, or sessions for forms, in bulk.
 *
 * @param perMinute how many requests one address may make; 0 means as many as it likes
 * @param store counts for all processes; this one counts by itself where it is left out
 * @param log is told when the store cannot count
 */
export function limitSignIns(
  perMinute: number,
  store: Store | undefined,
  log: Logger,
): RequestHandler {
  // Its own logger would print a stack for every sign-in while the store is away.
  const tell = (error: unknown, words = 'rate limit') => {
    log.warn({ reason: error instanceof Error ? maskText(error.message) : undefined }, words);
  };
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    ...(store && { store }),
    passOnStoreError: true, // a limit that cannot count must not lock everybody out
    logger: { error: tell, warn: tell },
    skip: () => perMinute === 0,
    standardHeaders: false,
    legacyHeaders: false,
    // It would warn of X-Forwarded-For, which anybody may send: app.ts says when it is believed.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: () => {
      throw new TooManyRequestsError(WINDOW_MS / 1000);
    },
  });
}
