import type { RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import type { Logger } from 'pino';
import { TooManyRequestsError } from '../errors.js';
import { SessionStoreError } from '../session/store.js';

const WINDOW_MS = 60_000;

/**
 * Slows down whoever starts sign-ins, or sessions for forms, in bulk.
 *
 * @param perMinute how many requests one address may make; 0 means as many as it likes
 * @param log where its complaints go
 * @param store counts for all processes; this one counts by itself where it is left out
 */
export function limitSignIns(perMinute: number, log: Logger, store?: Store): RequestHandler {
  // It would print a stack for every request while the store is away. The store has said that once.
  const complain = (fault: unknown) => {
    if (!(fault instanceof SessionStoreError)) log.warn({ err: fault }, 'the rate limit complains');
  };
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    ...(store && { store }),
    passOnStoreError: true, // a limit that cannot count must not lock everybody out
    logger: { warn: complain, error: complain },
    skip: () =>
      // SECURITY.md G6: only a setting switches the limit off.
      perMinute === 0,
    standardHeaders: false,
    legacyHeaders: false,
    // It would warn of X-Forwarded-For, which anybody may send: `configureExpress` says when it is trusted.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: () => {
      throw new TooManyRequestsError(WINDOW_MS / 1000);
    },
  });
}
