// What is kept of a message: never a secret, and not much of what others have written.
import type { Request, Response } from 'express';
import type { Exchange } from '../http/exchanges.js';
import { credentialIn, isSecretName, withoutLastRun } from '../mask.js';
import { authorizationRequestUrl } from '../oauth/authorization-request.js';
import type { OAuthClient } from '../oauth/client.js';
import { Secrets } from '../secrets.js';
import type { KeptSignIn } from '../session/sign-ins.js';
import {
  MOST_FIELDS,
  foreign,
  foreignFields,
  headerLines,
  LONGEST_VALUE,
  ownFields,
  ownHeader,
} from './masked-fields.js';
import type { RecordedExchange, RecordedRedirect, RecordedSignIn } from './recording.js';

const LONGEST_BODY = 1_500;

/** What one browser's request has to do with a provider: all that may stand in its texts. */
interface Traffic {
  readonly exchanges: readonly Exchange[];
  readonly signIn?: KeptSignIn | undefined;
}

/** The authorization request is built again: from the same parts, it is the same to the letter. */
export function maskedSignIn(
  client: OAuthClient,
  signIn: KeptSignIn,
  redirect: RecordedRedirect,
  exchanges: readonly Exchange[],
): RecordedSignIn {
  const url = new URL(authorizationRequestUrl(client, signIn));
  return {
    startedAt: signIn.startedAt,
    authorizationEndpoint: url.origin + url.pathname,
    parameters: ownFields(url.searchParams),
    redirect,
    exchanges: maskedExchanges({ exchanges, signIn }),
  };
}

/** @param arrivedAt milliseconds since 1970 */
export function maskedRedirect(
  request: Request,
  response: Response,
  arrivedAt: number,
  traffic: Traffic,
): RecordedRedirect {
  const { searchParams } = new URL(request.originalUrl, 'http://localhost');
  const secrets = secretsIn(traffic, searchParams);
  const { failure } = response.locals;
  return {
    arrivedAt,
    path: request.path,
    host: foreign(request.get('Host') ?? '', secrets, LONGEST_VALUE),
    parameters: foreignFields(searchParams, secrets),
    tookMs: Date.now() - arrivedAt,
    status: response.statusCode,
    headers: foreignFields(
      headerLines(
        ['Location', 'Set-Cookie', 'Retry-After'].map((name) => [name, response.getHeader(name)]),
      ),
      secrets,
    ),
    ...(failure && { failure }),
  };
}

export function maskedExchanges(traffic: Traffic): RecordedExchange[] {
  const secrets = secretsIn(traffic);
  return traffic.exchanges.map((exchange) => {
    const { startedAt, tookMs, method, url, headers, form, answer, failure } = exchange;
    return {
      ...{ startedAt, tookMs, method, url },
      headers: Object.entries(headers).map(([name, value]) => ownHeader(name, String(value))),
      ...(form && { form: ownFields(form) }),
      ...(answer && {
        answer: {
          status: answer.status,
          headers: foreignFields(headerLines(Object.entries(answer.headers)), secrets),
          body: foreign(
            answer.isWhole ? answer.body : withoutLastRun(answer.body),
            secrets,
            LONGEST_BODY,
          ),
          isWhole: answer.isWhole && answer.body.length <= LONGEST_BODY,
        },
      }),
      ...(failure && { failure }),
    };
  });
}

function secretsIn({ exchanges, signIn }: Traffic, redirect?: URLSearchParams): Secrets {
  const named = [...exchanges.map(({ form }) => form), redirect]
    .flatMap((parameters) => [...(parameters ?? [])].slice(0, MOST_FIELDS))
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => value);
  const credentials = exchanges
    .flatMap(({ headers }) => Object.entries(headers))
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => credentialIn(String(value)));
  const tokens = exchanges.flatMap(({ issued = [] }) => issued);
  const own = signIn ? [signIn.state, signIn.codeVerifier] : [];
  return new Secrets([...named, ...credentials, ...tokens, ...own]);
}
