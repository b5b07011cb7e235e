import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestHandler, Response } from 'express';
import { withSecretsOfItsOwn } from '../mask.js';
import type { Exchange } from './exchanges.js';
import { endedEarly } from './upstream-error.js';

/** SECURITY.md B5: Heroku's router gives up on a browser's request after 30 s. */
const BROWSER_REQUEST_MS = 25_000;

/** What provider requests are made for. */
export interface BrowserRequest {
  /** Aborted when the browser leaves; absent for work that goes on without it. */
  readonly gone?: AbortSignal;
  readonly startedAt: number;
  readonly exchanges: Exchange[];
}

const browserRequests = new AsyncLocalStorage<BrowserRequest>();

/** The one under way; undefined where no browser has asked, as on the command line. */
export function browserRequest(): BrowserRequest | undefined {
  return browserRequests.getStore();
}

/**
 * Opens what belongs to one request of a browser: provider requests made for it end when it leaves or
 * must be answered, and the secrets that they send are masked in all that comes of it.
 */
export const inBrowserRequest: RequestHandler = (_request, response, next) => {
  let gone: AbortSignal | undefined;
  const browser: BrowserRequest = {
    // Made when it is asked for: of a page that asks no provider it would be a tenth of the work.
    get gone() {
      return (gone ??= closingOf(response));
    },
    startedAt: performance.now(),
    exchanges: [],
  };
  browserRequests.run(browser, () => {
    withSecretsOfItsOwn(next);
  });
};

/** Aborted when the browser has its answer, or has left. */
function closingOf(response: Response): AbortSignal {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // one for each request to a provider: that is no leak
  const close = () => {
    closing.abort('answered, or left'); // without a reason a whole error would be made, for each request
  };
  // Not `closed`: that stays false where the request only waited for its turn on a connection.
  if (response.destroyed) close();
  else response.once('close', close);
  return closing.signal;
}

/**
 * Does work to its end, although the browser that it is for leaves, or must be answered before.
 *
 * @throws {UpstreamError} when one of the two happens first; the work goes on
 */
export async function evenIfTheBrowserLeaves<Result>(work: () => Promise<Result>): Promise<Result> {
  const browser = browserRequests.getStore();
  // What it sends is recorded all the same; it has its own time, and no browser that could leave.
  const { exchanges = [] } = browser ?? {};
  const result = browserRequests.run({ startedAt: performance.now(), exchanges }, work);
  if (!browser?.gone) return result;
  const mustBeAnswered = delay(timeLeftMs(browser), undefined, {
    signal: browser.gone, // of an answered browser, too: no timer outlives its request
  }).then(
    () => {
      throw endedEarly(false);
    },
    () => {
      throw endedEarly(true);
    },
  );
  return Promise.race([result, mustBeAnswered]);
}

/**
 * Does a part of work that may go on for long, such as a page of an export, as if a browser had asked
 * for this part alone: it has 25 s of its own. It stops, too, when the browser leaves.
 */
export async function inTimeOfItsOwn<Result>(work: () => Promise<Result>): Promise<Result> {
  const { gone } = browserRequests.getStore() ?? {};
  const part = { ...(gone && { gone }), startedAt: performance.now(), exchanges: [] };
  return browserRequests.run(part, work);
}

/**
 * How long a request to a provider may take.
 *
 * @param browser which must be answered meanwhile
 * @param timeoutMs the time that it has by itself, in milliseconds
 */
export function timeLeftMs(
  browser: BrowserRequest | undefined,
  timeoutMs = BROWSER_REQUEST_MS,
): number {
  if (!browser) return timeoutMs;
  const left = BROWSER_REQUEST_MS - (performance.now() - browser.startedAt);
  return Math.max(0, Math.min(timeoutMs, Math.floor(left)));
}
