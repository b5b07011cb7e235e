import type { RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import type { Logger } from 'pino';
import { TooManyRequestsError } from '../errors.js';

const WINDOW_MS = 60_000;

/**
 * Slows down whoever starts sign-ins, or sessions for forms, in bulk.
 *
 * @param perMinute how many requests one address may make; 0 means as many as it likes
 * @param store counts for all processes; this one counts by itself where it is left out
 * @param log is told when the store cannot count
 */
export function limitSignIns(perMinute: number, log: Logger, store?: Store): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    ...(store && { store }),
    passOnStoreError: true, // a limit that cannot count must not lock everybody out
    logger: {
      // It has no message where our own settings are wrong. A store that is away has said so itself,
      // once, and would say it here for each request.
      error: (error, message) => {
        log[message === undefined ? 'error' : 'debug']({ err: error }, message);
      },
      warn: (error, message) => {
        log.warn({ err: error }, message);
      },
    },
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
