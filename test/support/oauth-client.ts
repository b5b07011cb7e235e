import type { OAuthClient } from '../../src/oauth/client.js';

/** A client as RFC 6749 imagines one. */
export const client: OAuthClient = {
  authorizationEndpoint: 'https://provider.example/auth',
  tokenEndpoint: 'https://provider.example/token',
  issuer: 'https://provider.example',
  clientId: 'the-client',
  clientSecret: 'the-secret',
  redirectUri: 'https://app.example/oauth-redirect',
  scope: 'alm',
  usesPkce: true,
  grantTypes: { authorizationCode: 'authorization_code', refreshToken: 'refresh_token' },
  sendsRedirectUriOnRefresh: false,
  returnsStateOnErrors: true,
};
