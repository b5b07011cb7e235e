import { endedEarly, type UpstreamError } from './upstream-error.js';

/** What ends a request to a provider before its answer does. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Why it was ended; undefined as long as it is not. */
  reason(): UpstreamError | undefined;
  /** To be called when the request has ended by itself: no timer outlives it. */
  lift(): void;
}

/**
 * Ends a request when its time is over, or nobody waits for it any more. `AbortSignal.any` and
 * `AbortSignal.timeout` do that, too, but their timers and weak references stay until the time is over:
 * thousands of them, under load.
 *
 * @param leftMs the time that it has, in milliseconds
 * @param gone aborted when the browser that it is for has left
 */
export function limitTime(leftMs: number, gone?: AbortSignal): TimeLimit {
  const limit = new AbortController();
  let reason: UpstreamError | undefined;
  const end = (hasLeft: boolean) => {
    reason ??= endedEarly(hasLeft);
    limit.abort(reason);
  };
  const onGone = () => {
    end(true);
  };
  const timer = setTimeout(() => {
    // SECURITY.md B5: a server that sends a byte now and then would hold a request for ever.
    end(false);
  }, leftMs);
  if (gone?.aborted) onGone();
  else gone?.addEventListener('abort', onGone);
  return {
    signal: limit.signal,
    reason: () => reason,
    lift: () => {
      clearTimeout(timer);
      gone?.removeEventListener('abort', onGone);
    },
  };
}
