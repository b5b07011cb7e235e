import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import axios, { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import type { RequestHandler } from 'express';
import { Lines, type Line } from './at-once.js';
import { isLoopback } from './loopback.js';
import { credentialIn, maskText, rememberSecret, withSecretsOfItsOwn } from './mask.js';

/** A provider's answer, whatever its status. Whoever asked knows which ones to expect. */
export interface ProviderAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter?: string;
  readonly body: string;
}

/** Why no usable answer came. */
export type UpstreamFailure =
  'unreachable' | 'timeout' | 'cancelled' | 'too_large' | 'redirect' | 'busy' | 'unexpected';

/** A provider did not answer, or not with anything that its documents describe. */
export class UpstreamError extends Error {
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  /** What the provider asks us to wait, as it sent it: seconds, or a date. */
  readonly retryAfter: string | undefined;
  /** The beginning of the body with all that looks like a secret masked. */
  readonly excerpt: string | undefined;

  constructor(
    readonly failure: UpstreamFailure,
    message: string,
    answer?: ProviderAnswer,
  ) {
    super(message);
    this.status = answer?.status;
    this.contentType = answer && maskText(answer.contentType);
    this.retryAfter = answer?.retryAfter;
    // Masked before it is cut: half a secret would not look like one.
    this.excerpt =
      answer &&
      maskText(answer.body.slice(0, 10 * EXCERPT_CHARACTERS))
        .slice(0, EXCERPT_CHARACTERS)
        .trim();
  }
}

/** One request to a provider and what came of it, as on the wire: with every secret. */
export interface Exchange {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Of a token request or a refresh. */
  readonly form?: URLSearchParams;
  /** With the beginning of its body. */
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
    readonly isWhole: boolean;
  };
  /** Why no answer came. */
  readonly failure?: UpstreamFailure;
}

/** All traffic to the providers goes through one of these. */
export interface Http {
  /** The whole time for one request, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * @param url of the provider's API
   * @param headers with the credential, in the provider's own form
   * @param line in which it waits, where the provider takes only so many requests at once
   * @throws {UpstreamError} when no answer came, a redirect, "come back later" or over 20 MB
   */
  get(url: URL, headers: Record<string, string>, line?: Line): Promise<ProviderAnswer>;
  /**
   * Posts a form, once: it is never repeated.
   *
   * @param url the token endpoint
   * @param form with our client credentials
   * @throws {UpstreamError} when no answer came, a redirect, "come back later" or over 1 MB
   */
  postForm(url: URL, form: URLSearchParams): Promise<ProviderAnswer>;
}

const SECRET_FIELDS = ['client_secret', 'code', 'code_verifier', 'refresh_token'];
const TOKEN_ANSWER_BYTES = 1_000_000;
const API_ANSWER_BYTES = 20_000_000;
const EXCERPT_CHARACTERS = 300;
/** Of each exchange, and how many of them: a page's request may make hundreds, of 20 MB each. */
const EXCHANGE_BODY_CHARACTERS = 4_000;
const MOST_EXCHANGES = 8;

/** Heroku's router gives up on a browser's request after 30 s; we answer before that. */
const BROWSER_REQUEST_MS = 25_000;

/** A server may close an idle connection at any time: we close ours first, and lose no request. */
const IDLE_CONNECTION_MS = 4_000;

interface BrowserRequest {
  /** Aborted when the browser leaves; absent for work that goes on without it. */
  readonly gone?: AbortSignal;
  readonly startedAt: number;
  readonly exchanges: Exchange[];
}

const browserRequests = new AsyncLocalStorage<BrowserRequest>();

/** What went to providers on behalf of the browser's request under way, oldest first. */
export function exchangesUnderWay(): readonly Exchange[] {
  return browserRequests.getStore()?.exchanges ?? [];
}

/** Lets provider requests end when the browser that they are for leaves, or must be answered. */
export const endWithTheBrowser: RequestHandler = (_request, response, next) => {
  const left = new AbortController();
  response.once('close', () => {
    left.abort();
  });
  const startedAt = performance.now();
  browserRequests.run({ gone: left.signal, startedAt, exchanges: [] }, () => {
    withSecretsOfItsOwn(next);
  });
};

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
  const mustBeAnswered = delay(timeLeftMs(browser, BROWSER_REQUEST_MS), undefined, {
    signal: browser.gone, // of an answered browser, too: no timer outlives its request
  }).then(
    () => {
      throw new UpstreamError('timeout', 'no whole answer in time');
    },
    () => {
      throw new UpstreamError('cancelled', 'the browser left');
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
 * Makes the one client for all provider traffic.
 *
 * @param timeoutMs the time for a whole request: connecting, sending, and the last byte of the
 *   answer. axios's own `timeout` counts silence only, so a server that drips would never end
 */
export function createHttp(timeoutMs: number): Http {
  const instance = axios.create({
    httpAgent: new HttpAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS }),
    // A redirect would carry the zsessionid header, or the client secret, to another host.
    maxRedirects: 0,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    headers: { 'User-Agent': 'rally-gocd-oauth-sample' },
  });
  const lines = new Lines();
  return {
    timeoutMs,
    get: async (url, headers, line) => {
      for (const value of Object.values(headers)) rememberSecret(credentialIn(value));
      const leave = line && (await placeIn(lines, line));
      try {
        return await send(instance, timeoutMs, {
          ...to(url),
          headers,
          maxContentLength: API_ANSWER_BYTES,
        });
      } finally {
        leave?.();
      }
    },
    postForm: (url, form) => {
      SECRET_FIELDS.forEach((name) => {
        rememberSecret(form.get(name) ?? '');
      });
      return send(instance, timeoutMs, {
        ...to(url),
        method: 'POST',
        data: form,
        headers: { Accept: 'application/json' },
        maxContentLength: TOKEN_ANSWER_BYTES,
      });
    },
  };
}

/** axios reads HTTPS_PROXY and NO_PROXY by itself; what is on this machine never goes through one. */
function to(url: URL): AxiosRequestConfig {
  return { url: url.href, ...(isLoopback(url) && { proxy: false as const }) };
}

/** The time for a request begins when it has its place; the browser's time goes on meanwhile. */
async function placeIn(lines: Lines, line: Line): Promise<() => void> {
  const browser = browserRequests.getStore();
  const leave = await lines.enter(line, () => [
    AbortSignal.timeout(timeLeftMs(browser, BROWSER_REQUEST_MS)),
    ...(browser?.gone ? [browser.gone] : []),
  ]);
  if (!leave) throw endOf(browser?.gone?.aborted === true);
  return leave;
}

async function send(
  instance: AxiosInstance,
  timeoutMs: number,
  request: AxiosRequestConfig,
): Promise<ProviderAnswer> {
  const browser = browserRequests.getStore();
  const leftMs = timeLeftMs(browser, timeoutMs);
  if (leftMs === 0) throw endOf(false); // a quick answer would still win against the timer
  const timeout = AbortSignal.timeout(leftMs);
  const signal = browser?.gone ? AbortSignal.any([timeout, browser.gone]) : timeout;
  const note = noteExchange(request);
  try {
    const { status, headers, data, config } = await instance.request<string>({
      ...request,
      signal,
    });
    note(config.headers, { answer: { status, headers, ...beginningOf(data) } });
    const retryAfter: unknown = headers['retry-after'];
    const answer = {
      status,
      contentType: String(headers['content-type'] ?? ''),
      ...(isRetryAfter(retryAfter) && { retryAfter }),
      body: data,
    };
    // Without its body: the page of a redirect may repeat what we sent.
    if (status >= 300 && status < 400)
      throw new UpstreamError('redirect', `status ${status}`, { ...answer, body: '' });
    if (status === 429 || status === 503)
      throw new UpstreamError('busy', `status ${status}`, answer);
    return answer;
  } catch (error) {
    if (!(error instanceof AxiosError)) throw error;
    const upstreamError = failure(error, timeout, browser?.gone);
    note(error.config?.headers, { failure: upstreamError.failure });
    throw upstreamError;
  }
}

/** Begins an exchange; what it returns adds it, when it has ended, to those under way. */
function noteExchange({ method = 'GET', url = '', data }: AxiosRequestConfig) {
  const startedAt = Date.now();
  const from = performance.now();
  return (
    headers: { toJSON(): Record<string, unknown> } | undefined,
    outcome: Pick<Exchange, 'answer' | 'failure'>,
  ): void => {
    const list = browserRequests.getStore()?.exchanges;
    if (!list) return;
    list.push({
      ...{ startedAt, tookMs: performance.now() - from, method, url },
      headers: headers?.toJSON() ?? {},
      ...(data instanceof URLSearchParams && { form: data }),
      ...outcome,
    });
    // A call of the API goes first: there are many, and one refresh at most.
    if (list.length > MOST_EXCHANGES) list.splice(Math.max(0, list.findIndex(isApiCall)), 1);
  };
}

function isApiCall({ form }: Exchange): boolean {
  return form === undefined;
}

function beginningOf(body: string): { body: string; isWhole: boolean } {
  if (body.length <= EXCHANGE_BODY_CHARACTERS) return { body, isWhole: true };
  // Copied: a slice would keep all of it in memory.
  const beginning = Buffer.from(body.slice(0, EXCHANGE_BODY_CHARACTERS)).toString();
  return { body: beginning, isWhole: false };
}

/** `Wed, 21 Oct 2026 07:28:00 GMT`. `Date.parse` alone takes any words before a number for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Seconds, or a date (RFC 9110 §10.2.3): whatever else it is, it is not passed on. */
function isRetryAfter(value: unknown): value is string {
  return typeof value === 'string' && (/^\d{1,6}$/.test(value) || HTTP_DATE.test(value));
}

function timeLeftMs(browser: BrowserRequest | undefined, timeoutMs: number): number {
  if (!browser) return timeoutMs;
  const left = BROWSER_REQUEST_MS - (performance.now() - browser.startedAt);
  return Math.max(0, Math.min(timeoutMs, Math.floor(left)));
}

/** The axios error itself is dropped: it holds the request, with every secret in it. */
function failure(error: AxiosError, timeout: AbortSignal, gone?: AbortSignal): UpstreamError {
  if (timeout.aborted || gone?.aborted) return endOf(!timeout.aborted);
  if (error.message.includes('maxContentLength')) {
    return new UpstreamError('too_large', 'the answer is larger than we accept');
  }
  return new UpstreamError('unreachable', `no answer (${error.code ?? 'unknown'})`);
}

function endOf(hasLeft: boolean): UpstreamError {
  return hasLeft
    ? new UpstreamError('cancelled', 'the browser left')
    : new UpstreamError('timeout', 'no whole answer in time');
}

/**
 * What to throw for an answer that nobody expected.
 *
 * @param answer with a status or a body that the provider's documents do not describe
 */
export function unexpectedAnswer(answer: ProviderAnswer): UpstreamError {
  return new UpstreamError('unexpected', `status ${answer.status}, ${answer.contentType}`, answer);
}
