import { beginningOf, maskText } from '../mask.js';
import type { ProviderAnswer } from './upstream.js';

const EXCERPT_CHARACTERS = 300;

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
      maskText(beginningOf(answer.body, 10 * EXCERPT_CHARACTERS))
        .slice(0, EXCERPT_CHARACTERS)
        .trim();
  }
}

/**
 * What to throw for an answer that nobody expected.
 *
 * @param answer with a status or a body that the provider's documents do not describe
 */
export function unexpectedAnswer(answer: ProviderAnswer): UpstreamError {
  return new UpstreamError('unexpected', `status ${answer.status}, ${answer.contentType}`, answer);
}

/**
 * What to throw when no whole response came. The original error is dropped: it may hold the request,
 * with every secret in it.
 */
export function noAnswer(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error; // the transport knows why
  const { code } = Object(error) as { code?: unknown };
  return new UpstreamError(
    'unreachable',
    `no answer (${typeof code === 'string' ? code : 'unknown'})`,
  );
}

/** What to throw when the browser has left; or else, when the time is over. */
export function endedEarly(hasLeft: boolean): UpstreamError {
  return hasLeft
    ? new UpstreamError('cancelled', 'the browser left')
    : new UpstreamError('timeout', 'no whole answer in time');
}

/** `Wed, 21 Oct 2026 07:28:00 GMT`. `Date.parse` alone takes any words before a number for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Seconds, or a date (RFC 9110 §10.2.3): whatever else it is, it is not passed on. */
export function isRetryAfter(value: unknown): value is string {
  return typeof value === 'string' && (/^\d{1,6}$/.test(value) || HTTP_DATE.test(value));
}
