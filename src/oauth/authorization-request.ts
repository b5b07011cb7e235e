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
    response_type: 'code', // SECURITY.md A1: the token never passes the browser
    client_id: client.clientId, // public; the secret is only ever sent to the token endpoint
    redirect_uri: client.redirectUri, // must equal the registered one exactly
    ...(client.scope !== undefined && { scope: client.scope }), // SECURITY.md A1: not the provider's default
    state, // returned unchanged, ties the response to this browser (§10.12)
    ...(client.usesPkce && {
      // SECURITY.md A1: a stolen code is useless without the verifier, which stays here.
      code_challenge: codeChallengeS256(codeVerifier),
      code_challenge_method: 'S256', // SECURITY.md A1: "plain" shows the verifier (RFC 7636 §4.2)
    }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
