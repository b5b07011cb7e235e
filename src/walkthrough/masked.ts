// What is kept of a message: never a secret, and not much of what others have written.
import type { Request, Response } from 'express';
import { maskedAnswer, type Exchange } from '../http/exchange.js';
import { authorizationRequestUrl } from '../oauth/authorization-request.js';
import type { OAuthClient } from '../oauth/client.js';
import type { KeptSignIn } from '../session/sign-ins.js';
import { foreign, foreignFields, headerLines, ownFields, ownHeader } from './masked-fields.js';
import type { RecordedExchange, RecordedRedirect, RecordedSignIn } from './recording.js';

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
    exchanges: maskedExchanges(exchanges),
  };
}

/** @param arrivedAt milliseconds since 1970 */
export function maskedRedirect(
  request: Request,
  response: Response,
  arrivedAt: number,
): RecordedRedirect {
  const { searchParams } = new URL(request.originalUrl, 'http://localhost');
  const { failure } = response.locals;
  return {
    arrivedAt,
    path: request.path,
    host: foreign(request.get('Host') ?? ''),
    parameters: foreignFields(searchParams),
    tookMs: Date.now() - arrivedAt,
    status: response.statusCode,
    headers: foreignFields(
      headerLines(
        ['Location', 'Set-Cookie', 'Retry-After'].map((name) => [name, response.getHeader(name)]),
      ),
    ),
    ...(failure && { failure }),
  };
}

/** What we sent, masked by its names, and what came. */
export function maskedExchanges(exchanges: readonly Exchange[]): RecordedExchange[] {
  return exchanges.map((exchange) => {
    const { startedAt, tookMs, method, url, headers, form, answer, failure } = exchange;
    const masked = answer && maskedAnswer({ ...exchange, answer });
    return {
      ...{ startedAt, tookMs, method, url },
      headers: Object.entries(headers).map(([name, value]) => ownHeader(name, value)),
      ...(form && { form: ownFields(form) }),
      ...(masked && { answer: { ...masked, headers: foreignFields(masked.headers) } }),
      ...(failure && { failure }),
    };
  });
}
