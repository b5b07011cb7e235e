// From what was recorded to what the page shows: the messages of each step, in their order.
import type { Provider } from '../providers/provider.js';
import { AUTHORIZATION_REQUEST, TOKEN_REQUEST, TOKEN_RESPONSE } from './parameters.js';
import type { RecordedExchange, RecordedSignIn, StepId } from './recording.js';
import {
  answerMessage,
  exchangePart,
  explained,
  fieldsOfJson,
  redirectPart,
  shown,
  type Part,
  type ShownStep,
} from './shown-step.js';
import { SIGN_IN } from './steps.js';
import { curlToCopy, formText, headText, requestText, statusText, urlToCopy } from './wire.js';

/** What there is to show of one sign-in. */
export interface Dance {
  readonly provider: Provider;
  readonly signIn: RecordedSignIn;
  readonly firstCall?: RecordedExchange | undefined;
  /** It has not happened: there are no answers, and the times mean nothing. */
  readonly isRehearsal?: boolean;
}

/** The steps that were made; a failed one is the last. */
export function stepsOf(dance: Dance): ShownStep[] {
  const { provider, signIn } = dance;
  const failure = signIn.redirect.failure;
  const steps: ShownStep[] = [];
  for (const id of SIGN_IN) {
    const part = PARTS[id]?.(dance);
    const hasFailed = failure?.step === id;
    if (part) steps.push(shown(provider, id, { ...part, ...(hasFailed && { failure }) }));
    if (hasFailed) break;
  }
  return steps;
}

const PARTS: Readonly<Partial<Record<StepId, (dance: Dance) => Part | undefined>>> = {
  'authorization-request': ({ signIn: { startedAt, authorizationEndpoint, parameters } }) => {
    const location = `${authorizationEndpoint}?${formText(parameters)}`;
    return {
      at: startedAt,
      fields: explained(parameters, AUTHORIZATION_REQUEST),
      messages: [
        {
          label: 'This app’s answer to your browser',
          text: headText('HTTP/1.1 302 Found', [{ name: 'Location', value: location }]),
        },
      ],
      toCopy: { label: 'address', text: urlToCopy(authorizationEndpoint, parameters) },
    };
  },

  decision: ({ signIn: { startedAt, redirect } }) => ({
    at: startedAt,
    tookMs: redirect.arrivedAt - startedAt,
  }),

  'authorization-response': ({ provider, signIn: { redirect } }) =>
    redirectPart(provider, redirect),

  'token-request': ({ signIn }) => {
    const exchange = tokenExchange(signIn);
    return (
      exchange && {
        at: exchange.startedAt,
        fields: explained(exchange.form ?? [], TOKEN_REQUEST),
        messages: [{ label: 'This app’s request', text: requestText(exchange) }],
        toCopy: { label: 'curl command', text: curlToCopy(exchange) },
      }
    );
  },

  'token-response': ({ signIn, isRehearsal }) => {
    const exchange = tokenExchange(signIn);
    if (isRehearsal) return {};
    return (
      exchange && {
        at: exchange.startedAt + exchange.tookMs,
        tookMs: exchange.tookMs,
        fields: explained(fieldsOfJson(exchange.answer?.body), TOKEN_RESPONSE, 'Not relied on.'),
        messages: [answerMessage(exchange)],
      }
    );
  },

  'who-am-i': ({ signIn }) => {
    const exchange = signIn.exchanges.find(({ form }) => form === undefined);
    if (!exchange) return undefined;
    const isNamed = exchange.answer?.status === 200;
    return {
      ...exchangePart(exchange),
      ...(!isNamed && { note: 'It was not told. The sign-in stands, and the page asks again.' }),
    };
  },

  'signed-in': ({ signIn: { redirect } }) => ({
    at: redirect.arrivedAt + redirect.tookMs,
    tookMs: redirect.tookMs,
    messages: [
      {
        label: 'This app’s answer to your browser',
        text: statusText(redirect.status, redirect.headers),
      },
    ],
  }),

  'api-call': ({ provider, firstCall }) =>
    firstCall
      ? exchangePart(firstCall)
      : { note: `None within a minute of the sign-in. ${provider.page} makes the next.` },
};

function tokenExchange({ exchanges }: RecordedSignIn): RecordedExchange | undefined {
  return exchanges.find(({ form }) => form !== undefined);
}
