import type { UpstreamError, UpstreamFailure } from '../http/upstream-error.js';
import type { Provider } from '../providers/provider.js';
import { againLink, quote, type ErrorPage, type Visit } from './error-page-parts.js';

const STATUS: Readonly<Record<UpstreamFailure, number>> = {
  timeout: 504,
  busy: 503,
  unreachable: 502,
  cancelled: 502,
  too_large: 502,
  redirect: 502,
  unexpected: 502,
};

/** No usable answer came, whether to a token request or to a call of the API. */
export function upstreamPage(error: UpstreamError, provider: Provider, visit: Visit): ErrorPage {
  const { name, settings } = provider;
  const checkServer = `Try again. If it stays, check ${settings.server}: scheme, host, port and path.`;
  const words: Record<UpstreamFailure, readonly [string, string]> = {
    timeout: [`${name} did not answer in time.`, 'Try again in a minute.'],
    busy: [busyWords(error, name), 'Wait a little, then try again.'],
    unreachable: [`${name} could not be reached at ${provider.server}.`, checkServer],
    cancelled: ['The request was ended by the browser.', 'Try again.'],
    too_large: [`${name} sent more than this app accepts.`, 'Try again later.'],
    redirect: [
      `${name} answered with a redirect where an answer should be. It was not followed: it would carry a secret elsewhere.`,
      `Check ${settings.server}: a server that wants https redirects plain http, and one without OAuth sends to its login page.`,
    ],
    unexpected: [
      `${name} answered with something that its documents do not describe.`,
      checkServer,
    ],
  };
  const [happened, next] = words[error.failure];
  return {
    status: STATUS[error.failure],
    code: `upstream_${error.failure}`,
    title: titleOf(error.failure, name),
    happened,
    next,
    ...(error.excerpt && {
      quotation: {
        caption: `${name}’s answer, with status ${String(error.status)}${typeOf(error)}, begins`,
        words: quote(error.excerpt),
      },
    }),
    // SECURITY.md E2: the browser learns when to retry.
    ...(error.retryAfter && { headers: { 'Retry-After': error.retryAfter } }),
    link: againLink(visit, provider),
  };
}

function typeOf({ contentType }: UpstreamError): string {
  return contentType ? ` and as ${quote(contentType)}` : '';
}

function busyWords({ retryAfter }: UpstreamError, name: string): string {
  if (retryAfter === undefined) return `${name} cannot answer now.`;
  const when = /^\d+$/.test(retryAfter) ? `in ${retryAfter} seconds` : `at ${retryAfter}`;
  return `${name} asks to come back ${when}.`;
}

function titleOf(failure: UpstreamFailure, name: string): string {
  if (failure === 'busy') return `${name} is busy`;
  const isAnswer = ['redirect', 'too_large', 'unexpected'].includes(failure);
  return isAnswer ? `No usable answer from ${name}` : `No answer from ${name}`;
}
