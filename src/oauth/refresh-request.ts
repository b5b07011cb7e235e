import type { OAuthClient } from './client.js';

/**
 * The body of a refresh: a new access token without asking the person again.
 *
 * @param client our registration with the provider
 * @param refreshToken the newest refresh token we were given
 * @see [RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
 */
export function refreshRequest(client: OAuthClient, refreshToken: string): URLSearchParams {
  return new URLSearchParams({
    grant_type: client.grantTypes.refreshToken,
    refresh_token: refreshToken,
    client_id: client.clientId,
    client_secret: client.clientSecret,
    ...(client.sendsRedirectUriOnRefresh && { redirect_uri: client.redirectUri }),
  });
}
