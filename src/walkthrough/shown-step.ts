// A step with its messages, in the words and texts that the page shows.
import type { Provider } from '../providers/provider.js';
import { anchorOf } from './failed-step.js';
import {
  authorizationResponse,
  CREDENTIAL_HEADERS,
  TOKEN_REQUEST,
  UNKNOWN_PARAMETER,
  type Reasons,
} from './parameters.js';
import type { Failure, Field, RecordedExchange, RecordedRedirect, StepId } from './recording.js';
import { stepOf, type Step } from './steps.js';
import {
  answerText,
  curlToCopy,
  formText,
  headersText,
  headText,
  otherHeaders,
  requestText,
} from './wire.js';

/** A step as the page shows it. */
export interface ShownStep extends Step {
  readonly anchor: string;
  /** Milliseconds since 1970; absent where it has not happened. */
  readonly at?: number;
  readonly tookMs?: number;
  readonly fields: readonly ShownField[];
  readonly messages: readonly Message[];
  readonly toCopy?: { readonly label: string; readonly text: string };
  readonly note?: string;
  readonly failure?: Failure;
}

export interface ShownField {
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

/** Text as it stood on the wire. */
export interface Message {
  readonly label: string;
  readonly text: string;
  readonly otherHeaders?: { readonly count: number; readonly text: string };
}

export type Part = Omit<Partial<ShownStep>, keyof Step | 'anchor'>;

export function shown(provider: Provider, id: StepId, part: Part): ShownStep {
  return {
    ...stepOf(id, provider),
    anchor: anchorOf(provider.id, id),
    fields: [],
    messages: [],
    ...part,
  };
}

/** A redirect back, as the browser brought it. */
export function redirectPart(provider: Provider, redirect: RecordedRedirect): Part {
  const { path, host, parameters, arrivedAt } = redirect;
  const query = formText(parameters);
  return {
    at: arrivedAt,
    fields: explained(parameters, authorizationResponse(provider), UNKNOWN_PARAMETER),
    messages: [
      {
        label: 'Your browser’s request',
        text: headText(`GET ${path}${query && `?${query}`} HTTP/1.1`, [
          { name: 'Host', value: host },
        ]),
      },
    ],
  };
}

/** A request and its answer, in one step. */
export function exchangePart(exchange: RecordedExchange): Part {
  const { startedAt, tookMs, headers, form = [] } = exchange;
  return {
    at: startedAt,
    tookMs,
    fields: [
      ...explained(form, TOKEN_REQUEST),
      ...explained(
        headers.filter(({ template }) => template !== undefined),
        CREDENTIAL_HEADERS,
      ),
    ],
    messages: [
      { label: 'This app’s request', text: requestText(exchange) },
      ...((exchange.answer ?? exchange.failure) ? [answerMessage(exchange)] : []),
    ],
    toCopy: { label: 'curl command', text: curlToCopy(exchange) },
  };
}

const FAILURES: Readonly<Record<NonNullable<RecordedExchange['failure']>, string>> = {
  unreachable: 'There was no answer: nothing could be reached there, or the connection broke.',
  timeout: 'There was no whole answer in time.',
  cancelled: 'There was no answer before the browser left.',
  too_large: 'The answer was larger than this app accepts, and was not read to its end.',
  redirect: 'The answer was a redirect.',
  busy: 'The answer asks to come back later.',
  unexpected: 'The answer cannot be read.',
};

export function answerMessage({ answer, failure = 'unreachable' }: RecordedExchange): Message {
  const label = 'The answer';
  if (!answer) return { label, text: FAILURES[failure] };
  const others = otherHeaders(answer);
  return {
    label,
    text: answerText(answer),
    ...(others.length > 0 && {
      otherHeaders: { count: others.length, text: headersText(others) },
    }),
  };
}

export function explained(
  fields: readonly Field[],
  reasons: Reasons,
  otherwise = '',
): ShownField[] {
  return fields.map(({ name, value }) => {
    const key = name.toLowerCase();
    return { name, value, why: Object.hasOwn(reasons, key) ? (reasons[key] ?? '') : otherwise };
  });
}

/** The masked text is still JSON, unless it was none before or is not whole. */
export function fieldsOfJson(body = ''): Field[] {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).map(([name, field]: [string, unknown]) => ({
      name,
      value: typeof field === 'string' ? field : JSON.stringify(field),
    }));
  } catch {
    return [];
  }
}
