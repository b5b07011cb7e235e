import { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { TLSSocket } from 'node:tls';
import axios, { AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { Lines, type Line } from './http/at-once.js';
import { browserRequest, timeLeftMs } from './http/browser-request.js';
import { noteExchange } from './http/exchanges.js';
import { limitTime } from './http/time-limit.js';
import { endedEarly, isRetryAfter, noAnswer, UpstreamError } from './http/upstream-error.js';
import { isLoopback } from './loopback.js';
import { credentialIn, isSecretName, rememberSecret } from './mask.js';

/** A provider's answer, whatever its status. Whoever asked knows which ones to expect. */
export interface ProviderAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter?: string;
  readonly body: string;
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

/** SECURITY.md B5: a few tokens need no more. */
const TOKEN_ANSWER_BYTES = 1_000_000;
/** SECURITY.md E3: bounds the memory of one response. */
const API_ANSWER_BYTES = 20_000_000;

/** A server may close an idle connection at any time: we close ours first, and lose no request. */
const IDLE_CONNECTION_MS = 4_000;

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
    // SECURITY.md B4, E1: a redirect would send the client secret or a token to another host.
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
      // SECURITY.md F6: a provider may repeat the token anywhere.
      for (const value of Object.values(headers)) rememberSecret(credentialIn(value));
      const leave = line && (await takePlace(lines, line));
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
      form.forEach((value, name) => {
        // SECURITY.md F6: a provider may repeat our secret in its error.
        if (isSecretName(name)) rememberSecret(value);
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
async function takePlace(lines: Lines, line: Line): Promise<() => void> {
  const browser = browserRequest();
  const leave = await lines.enter(line, () => [
    AbortSignal.timeout(timeLeftMs(browser)),
    ...(browser?.gone ? [browser.gone] : []),
  ]);
  if (!leave) throw endedEarly(browser?.gone?.aborted === true);
  return leave;
}

async function send(
  instance: AxiosInstance,
  timeoutMs: number,
  request: AxiosRequestConfig,
): Promise<ProviderAnswer> {
  const browser = browserRequest();
  const leftMs = timeLeftMs(browser, timeoutMs);
  if (leftMs === 0) throw endedEarly(false); // a quick answer would still win against the timer
  const limit = limitTime(leftMs, browser?.gone);
  const note = noteExchange(request);
  try {
    const response = await instance.request<string>({ ...request, signal: limit.signal });
    const { status, headers, data, config } = response;
    if (isOfProxy(config.url, response.request)) {
      note(config.headers, { failure: 'unreachable' });
      throw new UpstreamError('unreachable', `a proxy refused to connect with ${status}`);
    }
    note(config.headers, { answer: { status, headers, body: data } });
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
    if (
      // SECURITY.md E2: a provider under load is not called again (RFC 9110 §10.2.3).
      status === 429 ||
      status === 503
    )
      throw new UpstreamError('busy', `status ${status}`, answer);
    return answer;
  } catch (error) {
    if (!(error instanceof AxiosError)) throw error;
    const upstreamError = limit.reason() ?? noAnswer(error);
    note(error.config?.headers, { failure: upstreamError.failure });
    // SECURITY.md B6: without the error of axios, which holds the request and its secrets.
    throw upstreamError;
  } finally {
    limit.lift();
  }
}

/**
 * A proxy's refusal to connect comes from axios as if the provider had answered, and a 401 would then
 * sign somebody out. What came without TLS is not from a provider that we asked by https.
 */
function isOfProxy(url: string | undefined, sent: unknown): boolean {
  const hasTls = sent instanceof ClientRequest && sent.socket instanceof TLSSocket;
  return url?.startsWith('https:') === true && !hasTls;
}
