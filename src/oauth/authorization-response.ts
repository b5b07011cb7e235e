// Step 2 of the dance, RFC 6749 §4.1.2: the browser returns with a code, or with an error.
// Anybody can make a browser open this URL, so nothing in it is believed before its state is.
import type { OAuthClient } from './client.js';
import {
  AuthorizationResponseError,
  IssuerMismatchError,
  MalformedResponseError,
  StateMismatchError,
} from './errors.js';

/** The query of the redirect. A parameter that was sent twice arrives as an array. */
export type RedirectParameters = Readonly<Record<string, unknown>>;

/** What we kept when the sign-in began, in the session of the browser that began it. */
export interface PendingSignIn {
  readonly state: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

declare const validated: unique symbol;

/**
 * A redirect that has passed every check. Only {@link readAuthorizationResponse} makes one, and the
 * token request takes nothing else: a code whose state was not checked does not compile. (For a code that
 * is pasted alone, the token command passes its own state, and warns.)
 */
export interface ValidatedResponse {
  readonly [validated]: true;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** SECURITY.md A5: a state that leaks later is useless. */
export const LONGEST_SIGN_IN_MS = 10 * 60 * 1000;

/**
 * Reads the state of a redirect, to look up the sign-in that it belongs to.
 *
 * @param client the provider at whose redirect URI the browser arrived
 * @param parameters the query of the redirect
 * @returns the state; it is a claim until a pending sign-in was found by it
 * @throws {StateMismatchError} when there is none, or more than one (RFC 6749 §3.1)
 */
export function readState(client: OAuthClient, parameters: RedirectParameters): string {
  const { state, error } = parameters;
  if (typeof state === 'string' && state !== '') return state;
  // SECURITY.md A4: of two states, one might be checked and the other used (RFC 6749 §3.1).
  if (state !== undefined && state !== '') throw new StateMismatchError('repeated');
  // A denial without state (GoCD's) cannot be told from a forged one. Its code is told to the person,
  // but it changes nothing: otherwise any page could cancel a sign-in that is under way.
  const omitsStateByDesign = !client.returnsStateOnErrors && typeof error === 'string';
  throw new StateMismatchError('missing', omitsStateByDesign ? error : undefined);
}

/**
 * Checks a redirect against the sign-in that its state belongs to.
 *
 * @param client the provider at whose redirect URI the browser arrived
 * @param parameters the query of the redirect; unknown parameters are ignored (RFC 6749 §4.1.2)
 * @param pending what was kept when it began, already removed so that it works once
 * @returns the code with all that the token request needs
 * @throws {StateMismatchError} before anything else in the redirect is looked at
 * @throws {IssuerMismatchError} when it comes from another authorization server
 * @throws {AuthorizationResponseError} when the provider or the person refused
 * @throws {MalformedResponseError} without a code, or with a parameter sent twice (§3.1)
 * @see [RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
 */
export function readAuthorizationResponse(
  client: OAuthClient,
  parameters: RedirectParameters,
  pending: PendingSignIn,
): ValidatedResponse {
  // Who looked up the sign-in has found it by its state and its redirect URI (`takeSignIn`). Both
  // are compared again: this function is safe by itself, whoever calls it.
  // SECURITY.md A4: an attacker's code would sign the victim in as the attacker (§10.12).
  if (readState(client, parameters) !== pending.state) throw new StateMismatchError('unknown');
  // SECURITY.md A10: a provider must not respond in another's name (RFC 9700 §4.4.2).
  if (pending.redirectUri !== client.redirectUri) throw new StateMismatchError('other_provider');
  if (Date.now() - pending.startedAt > LONGEST_SIGN_IN_MS) throw new StateMismatchError('stale');

  const issuer = readOnce(parameters, 'iss');
  // SECURITY.md A10: the response of another authorization server (mix-up, RFC 9207 §2.4).
  if (issuer !== undefined && issuer !== client.issuer) throw new IssuerMismatchError(issuer);

  const error = readOnce(parameters, 'error');
  const description = readOnce(parameters, 'error_description');
  // SECURITY.md A8: an error is an error, even beside a code (§4.1.2.1).
  if (error !== undefined) throw new AuthorizationResponseError(error, description);

  const code = readOnce(parameters, 'code');
  // SECURITY.md A7: nothing is sent to the token endpoint without a code.
  if (code === undefined) throw new MalformedResponseError('code is missing');
  const { redirectUri, codeVerifier } = pending;
  return { code, redirectUri, codeVerifier } as ValidatedResponse;
}

function readOnce(parameters: RedirectParameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || value === '') return undefined; // an empty one counts as none (§3.1)
  if (typeof value === 'string') return value;
  throw new MalformedResponseError(`${name} was sent more than once`);
}
