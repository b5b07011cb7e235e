import type { AxiosRequestConfig } from 'axios';
import { isSecretName } from '../mask.js';
import { browserRequest } from './browser-request.js';
import type { UpstreamFailure } from './upstream-error.js';

/** Of each exchange, and how many of them: a page's request may make hundreds, of 20 MB each. */
const EXCHANGE_BODY_CHARACTERS = 4_000;
const MOST_EXCHANGES = 8;

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
  /** The tokens in the answer to it. */
  readonly issued?: readonly string[];
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

/** How it has ended: with a whole answer, or why there is none. */
interface Outcome {
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
  };
  readonly failure?: UpstreamFailure;
}

/** What went to providers on behalf of the browser's request under way, oldest first. */
export function exchangesUnderWay(): readonly Exchange[] {
  return browserRequest()?.exchanges ?? [];
}

/** Begins an exchange; what it returns adds it, when it has ended, to those under way. */
export function noteExchange({ method = 'GET', url = '', data }: AxiosRequestConfig) {
  const startedAt = Date.now();
  const from = performance.now();
  return (
    headers: { toJSON(): Record<string, unknown> } | undefined,
    { answer, failure }: Outcome,
  ): void => {
    const list = browserRequest()?.exchanges;
    if (!list) return;
    list.push({
      ...{ startedAt, tookMs: performance.now() - from, method, url },
      headers: headers?.toJSON() ?? {},
      ...(data instanceof URLSearchParams && { form: data, issued: tokensIn(answer?.body) }),
      ...(answer && { answer: { ...answer, ...excerptOf(answer.body) } }),
      ...(failure && { failure }),
    });
    // A call of the API goes first: there are many, and one refresh at most.
    if (list.length > MOST_EXCHANGES) list.splice(Math.max(0, list.findIndex(isApiCall)), 1);
  };
}

/** A token answer may repeat its tokens in a header, too; and of a long one the end is not kept. */
function tokensIn(body = ''): string[] {
  try {
    return Object.entries(Object(JSON.parse(body)) as Record<string, unknown>).flatMap(
      ([name, value]) => (isSecretName(name) && typeof value === 'string' ? [value] : []),
    );
  } catch {
    return []; // not JSON: what is named like a secret is masked all the same
  }
}

function isApiCall({ form }: Exchange): boolean {
  return form === undefined;
}

function excerptOf(body: string): { body: string; isWhole: boolean } {
  if (body.length <= EXCHANGE_BODY_CHARACTERS) return { body, isWhole: true };
  // Copied: a slice would keep all of it in memory.
  const beginning = Buffer.from(body.slice(0, EXCHANGE_BODY_CHARACTERS)).toString();
  return { body: beginning, isWhole: false };
}
