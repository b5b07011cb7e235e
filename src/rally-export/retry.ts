import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../http/upstream-error.js';
import { ApiError } from '../providers/provider.js';

/** In milliseconds. */
const WAIT_MS = 500;
/** Leaves the second try enough of the 25 s that a page has. Rally is not asked before it wants to be. */
const LONGEST_WAIT_MS = 10_000;

/** Does work once more when it fails for a reason that may pass. */
export async function onceMore<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!mayPass(error) || waitMs(error) > LONGEST_WAIT_MS) throw error;
    await delay(waitMs(error));
    return work();
  }
}

function mayPass(error: unknown): error is UpstreamError | ApiError {
  if (error instanceof ApiError) return true;
  if (!(error instanceof UpstreamError)) return false;
  return !['cancelled', 'redirect', 'too_large'].includes(error.failure);
}

function waitMs(error: UpstreamError | ApiError): number {
  return Math.max(WAIT_MS, error instanceof UpstreamError ? askedMs(error) : 0);
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function askedMs({ retryAfter = '0' }: UpstreamError): number {
  const seconds = Number(retryAfter);
  return Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : 1000 * seconds;
}
