// Step 1 of the dance, RFC 6749 §4.1.1: the URL that asks the provider's user "may this app act
// for you?". `login` sends the browser there; it comes back to `oauthRedirect`.
import type { OAuthClient } from './client.js';
import { codeChallengeS256 } from './pkce.js';

/** What one authorization request has of its own; the rest is the client's registration. */
export interface AuthorizationRequest {
  readonly state: string;
  readonly codeVerifier: string;
}

/**
 * Builds the authorization request.
 *
 * @param client our registration with the provider; its endpoint may have a query of its own
 * @param request the state and the PKCE verifier made for this one sign-in
 * @returns the URL to send the browser to
 * @see [RFC 6749 §4.1.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.1)
 */
export function authorizationRequestUrl(
  client: OAuthClient,
  { state, codeVerifier }: AuthorizationRequest,
): string {
  const url = new URL(client.authorizationEndpoint);
  const parameters = {
    response_type: 'code', // the authorization code grant: the token never passes the browser
    client_id: client.clientId, // public; the secret is only ever sent to the token endpoint
    redirect_uri: client.redirectUri, // must match the one registered, to the letter
    ...(client.scope !== undefined && { scope: client.scope }), // no more than we need
    state, // comes back unchanged: ties the answer to this browser (login CSRF, §10.12)
    ...(client.usesPkce && {
      code_challenge: codeChallengeS256(codeVerifier), // whoever steals the code lacks the verifier
      code_challenge_method: 'S256', // "plain" would send the verifier itself (RFC 7636 §4.2)
    }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
