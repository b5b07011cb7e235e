import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../http/upstream-error.js';
import { ApiError } from '../providers/provider.js';

/** In milliseconds. */
const WAIT_MS = 500;
/** Leaves both tries enough of the 25 s that a page has. */
const LONGEST_WAIT_MS = 5_000;

/** Does work once more when it fails for a reason that may pass: all but a refusal of ours. */
export async function onceMore<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!mayPass(error)) throw error;
    await delay(waitMs(error));
    return work();
  }
}

function mayPass(error: unknown): error is UpstreamError | ApiError {
  if (error instanceof ApiError) return true;
  return error instanceof UpstreamError && error.failure !== 'cancelled';
}

function waitMs(error: UpstreamError | ApiError): number {
  const asked = 'retryAfter' in error ? 1000 * Number(error.retryAfter) : 0; // NaN for a date
  return Math.min(asked || WAIT_MS, LONGEST_WAIT_MS);
}
