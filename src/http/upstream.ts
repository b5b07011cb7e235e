// The way to the providers for one request of a browser: how long it may take, whether the browser is
// still there, and what went over the wire.
import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { credentialIn, isSecretName, maskSent } from '../mask.js';
import { beginningOf, tokensIn, type Answer, type Exchange, type SentRequest } from './exchange.js';
import type { Proxy } from './proxy.js';
import { Queues, type Queue } from './queue.js';
import { limitTime } from './time-limit.js';
import { createTransport, ENCODINGS } from './transport.js';
import { endedEarly, isRetryAfter, noAnswer, UpstreamError } from './upstream-error.js';

/** A provider's response, whatever its status: the caller knows which ones to expect. */
export interface ProviderAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter?: string;
  /** With the secrets that were sent masked, where the provider repeats them. */
  readonly body: string;
}

/** The response to a token request. */
export interface TokenAnswer extends ProviderAnswer {
  /** As it was received, for the token reader alone. */
  readonly body: string;
  /** Masks what was sent and received: for the words of an error. */
  readonly mask: (text: string) => string;
}

/** SECURITY.md B5: Heroku's router gives up on a browser's request after 30 s. */
const BROWSER_REQUEST_MS = 25_000;

/** SECURITY.md B5: a few tokens need no more. */
const TOKEN_ANSWER_BYTES = 1_000_000;
/** SECURITY.md E3: bounds the memory of one response. */
const API_ANSWER_BYTES = 20_000_000;

/** One browser request may make hundreds. */
const MOST_EXCHANGES = 8;

/** What all requests of this process share. */
export interface ProviderClient {
  readonly axios: AxiosInstance;
  readonly queues: Queues;
  /** The whole time for one request, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * @param timeoutMs the time for a whole request: connecting, sending, and the last byte of the response
 * @param proxyFor the proxy through which a URL is reached, if any
 */
export function createProviderClient(
  timeoutMs: number,
  proxyFor: (url: URL) => Proxy | undefined,
): ProviderClient {
  const instance = axios.create({
    adapter: createTransport(proxyFor, timeoutMs),
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    headers: { 'User-Agent': 'rally-gocd-oauth-sample', 'Accept-Encoding': ENCODINGS },
  });
  return { axios: instance, queues: new Queues(), timeoutMs };
}

export class Upstream {
  private readonly startedAt = performance.now();
  private closing: AbortSignal | undefined;

  /**
   * @param response to the browser, which may leave before it has it; left out for work that goes on
   *   without a browser
   * @param exchanges what went over the wire, oldest first
   * @param secrets that were sent or received: a provider may repeat them in any later response
   */
  constructor(
    private readonly client: ProviderClient,
    private readonly response?: ServerResponse,
    readonly exchanges: Exchange[] = [],
    private readonly secrets = new Set<string>(),
  ) {}

  /** The whole time for one request, in milliseconds. */
  get timeoutMs(): number {
    return this.client.timeoutMs;
  }

  /**
   * @param url of the provider's API
   * @param headers with the credential, in the provider's own form
   * @param queue in which it waits, where the provider takes only so many requests at once
   * @throws {UpstreamError} when no response came, a redirect, "come back later" or over 20 MB
   */
  async get(url: URL, headers: Record<string, string>, queue?: Queue): Promise<ProviderAnswer> {
    const leave = queue && (await this.takePlace(queue));
    try {
      const request = { method: 'GET', url: url.href, headers } as const;
      // SECURITY.md F6: a provider may repeat the token anywhere.
      for (const value of Object.values(headers)) this.secrets.add(credentialIn(value));
      const { mask, ...answer } = await this.send(request, API_ANSWER_BYTES);
      return { ...answer, body: mask(answer.body) };
    } finally {
      leave?.();
    }
  }

  /**
   * Posts a form, once: it is never repeated.
   *
   * @param url the token endpoint
   * @param form with our client credentials
   * @throws {UpstreamError} when no response came, a redirect, "come back later" or over 1 MB
   */
  async postForm(url: URL, form: URLSearchParams): Promise<TokenAnswer> {
    // SECURITY.md F6: a provider may repeat our secret in its error.
    for (const [name, value] of form) if (isSecretName(name)) this.secrets.add(value);
    const headers = { Accept: 'application/json' };
    const request = { method: 'POST', url: url.href, headers, form } as const;
    const answer = await this.send(request, TOKEN_ANSWER_BYTES);
    for (const token of tokensIn(answer.body)) this.secrets.add(token);
    return answer;
  }

  /** For work that is done to its end whether or not the browser waits: it has its own time. */
  detached(): Upstream {
    return new Upstream(this.client, undefined, this.exchanges, this.secrets);
  }

  /** For a part of long work, such as one page of an export: it has 25 s of its own. */
  withOwnTime(): Upstream {
    const own = new Upstream(this.client, this.response);
    own.closing = this.gone(); // one listener, however many pages there are
    return own;
  }

  /**
   * Waits for work that goes on without the browser.
   *
   * @throws {UpstreamError} when the browser leaves or must be answered first
   */
  async waitFor<Result>(work: Promise<Result>): Promise<Result> {
    const gone = this.gone();
    if (!gone) return work;
    const mustBeAnswered = delay(this.timeLeftMs(BROWSER_REQUEST_MS), undefined, {
      signal: gone, // of an answered browser, too: no timer outlives its request
    }).then(
      () => {
        throw endedEarly(false);
      },
      () => {
        throw endedEarly(true);
      },
    );
    return Promise.race([work, mustBeAnswered]);
  }

  /** Aborted when the browser has its answer, or has left. Made when it is first needed. */
  private gone(): AbortSignal | undefined {
    if (!this.response) return undefined;
    this.closing ??= closingOf(this.response);
    return this.closing;
  }

  private timeLeftMs(longestMs: number): number {
    if (!this.response) return longestMs;
    const left = BROWSER_REQUEST_MS - (performance.now() - this.startedAt);
    return Math.max(0, Math.min(longestMs, Math.floor(left)));
  }

  /** The time for a request starts when it has its place; the browser's time goes on meanwhile. */
  private async takePlace(queue: Queue): Promise<() => void> {
    const gone = this.gone();
    const leave = await this.client.queues.enter(queue, () => [
      AbortSignal.timeout(this.timeLeftMs(BROWSER_REQUEST_MS)),
      ...(gone ? [gone] : []),
    ]);
    if (!leave) throw endedEarly(gone?.aborted === true);
    return leave;
  }

  private async send(
    { form, ...request }: SentRequest,
    maxContentLength: number,
  ): Promise<TokenAnswer> {
    const leftMs = this.timeLeftMs(this.timeoutMs);
    if (leftMs === 0) throw endedEarly(false); // a quick answer would still win against the timer
    const limit = limitTime(leftMs, this.gone());
    const startedAt = Date.now();
    const from = performance.now();
    const note = (outcome: Pick<Exchange, 'headers' | 'answer' | 'failure'>) => {
      const tookMs = performance.now() - from;
      this.note({
        ...request,
        ...(form && { form }),
        secrets: this.secrets,
        startedAt,
        tookMs,
        ...outcome,
      });
    };
    let response;
    try {
      response = await this.client.axios.request<string>({
        ...request,
        ...(form && { data: form }),
        maxContentLength,
        signal: limit.signal,
      });
    } catch (error) {
      const reason = limit.reason() ?? noAnswer(error);
      note({ headers: request.headers, failure: reason.failure });
      // SECURITY.md B6: without the original error, which may hold the request and its secrets.
      throw reason;
    } finally {
      limit.lift();
    }
    const { status, headers, data, config } = response;
    const answer = { status, headers, body: data };
    const sent = config.headers.toJSON() as SentRequest['headers'];
    note({ headers: sent, answer: beginningOf(answer) });
    return readAnswer(answer, this.secrets);
  }

  private note(exchange: Exchange): void {
    this.exchanges.push(exchange);
    if (this.exchanges.length <= MOST_EXCHANGES) return;
    // A call of the API goes first: there are many, and one refresh at most.
    const first = this.exchanges.findIndex(({ form }) => form === undefined);
    this.exchanges.splice(Math.max(0, first), 1);
  }
}

/** @throws {UpstreamError} for a redirect, and for "come back later" */
function readAnswer({ status, headers, body }: Answer, secrets: Iterable<string>): TokenAnswer {
  const { 'retry-after': retryAfter, 'content-type': contentType } = headers;
  const mask = (text: string) => maskSent(text, secrets);
  const answer = {
    status,
    contentType: typeof contentType === 'string' ? mask(contentType) : '',
    ...(isRetryAfter(retryAfter) && { retryAfter }),
    body,
  };
  // SECURITY.md B4: a redirect is not followed: it would carry a token or our secret to another host.
  if (status >= 300 && status < 400) {
    throw new UpstreamError('redirect', `status ${status}`, { ...answer, body: '' });
  }
  // SECURITY.md E2: a provider under load is not called again (RFC 9110 §10.2.3).
  if (status === 429 || status === 503) {
    throw new UpstreamError('busy', `status ${status}`, { ...answer, body: mask(body) });
  }
  return { ...answer, mask };
}

/** Aborted when the browser has its answer, or has left. */
function closingOf(response: ServerResponse): AbortSignal {
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
