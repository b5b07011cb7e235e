import { isSecretName, maskSent, maskText, withoutLastRun } from '../mask.js';
import type { UpstreamFailure } from './upstream-error.js';

/** How much is kept of a body: a page may be 20 MB. */
const BODY_CHARACTERS = 4_000;
const SHOWN_CHARACTERS = 1_500;

type Headers = Readonly<Record<string, unknown>>;

/** One request to a provider, as we sent it. */
export interface SentRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a token request or a refresh. */
  readonly form?: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** What went over the wire, with every secret: it lives as long as the browser's request. */
export interface Exchange extends SentRequest {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  /** All that was sent and received for the browser's request: a provider may repeat it anywhere. */
  readonly secrets: Iterable<string>;
  /** With the beginning of its body. */
  readonly answer?: Answer & { readonly isWhole: boolean };
  /** Why no answer came. */
  readonly failure?: UpstreamFailure;
}

/** An answer without secrets, to be shown. */
export interface MaskedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly isWhole: boolean;
}

/** What is kept of an answer while the request lasts. */
export function beginningOf(answer: Answer): Required<Exchange>['answer'] {
  const { body } = answer;
  if (body.length <= BODY_CHARACTERS) return { ...answer, isWhole: true };
  // Copied: a slice would keep all of it in memory.
  const beginning = Buffer.from(body.slice(0, BODY_CHARACTERS)).toString();
  return { ...answer, body: beginning, isWhole: false };
}

/** Masks what was sent and received, and whatever else is named or looks like a secret. */
export function maskedAnswer({
  secrets,
  answer,
}: Pick<Exchange, 'secrets'> & Required<Pick<Exchange, 'answer'>>): MaskedAnswer {
  const { status, headers, body, isWhole } = answer;
  const masked = (text: string) => maskText(maskSent(text, secrets));
  return {
    status,
    headers: linesOf(headers).map(([name, value]) => [name, masked(value)] as const),
    // Masked before it is cut: half a secret would not look like one.
    body: masked(isWhole ? body : withoutLastRun(body)).slice(0, SHOWN_CHARACTERS),
    isWhole: isWhole && body.length <= SHOWN_CHARACTERS,
  };
}

/** A header that came several times is a list. */
function linesOf(headers: Headers): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).map((one): [string, string] => [
      name,
      String(one),
    ]),
  );
}

/** The tokens in a token response. */
export function tokensIn(body: string): string[] {
  try {
    return Object.entries(Object(JSON.parse(body)) as Record<string, unknown>).flatMap(
      ([name, value]) => (isSecretName(name) && typeof value === 'string' ? [value] : []),
    );
  } catch {
    return []; // not JSON: what is named like a secret is masked all the same
  }
}
