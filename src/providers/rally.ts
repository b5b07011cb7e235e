// Rally, as its README "Oauth Sample Apps" and its own sample apps describe it.
import type { Config } from '../config.js';
import type { Upstream } from '../http/upstream.js';
import type { Credential, Person, Provider, ProviderFacts } from './provider.js';
import { fetchWhoAmI } from './rally-person.js';
import type { Wsapi } from './rally-wsapi.js';

export const RALLY = {
  id: 'rally',
  name: 'Rally',
  page: '/rally',
  shows: 'your stories',
  needs: ['RALLY_CLIENT_ID', 'RALLY_CLIENT_SECRET'],
  settings: {
    server: 'RALLY_SERVER',
    clientId: 'RALLY_CLIENT_ID',
    clientSecret: 'RALLY_CLIENT_SECRET',
  },
} as const satisfies ProviderFacts;

export interface Rally extends Provider {
  whoAmI(upstream: Upstream, credential: Credential): Promise<Person>;
  wsapi(upstream: Upstream, credential: Credential): Wsapi;
}

/** @returns undefined where Rally is not configured */
export function createRally({ rally, serverUrl }: Config): Rally | undefined {
  if (!rally) return undefined;
  const { server, client, scope } = rally;
  // Rally's API takes the access token in a header of its own, and not as a Bearer token although
  // the token answer says token_type "Bearer". API keys go the same way.
  const credentialHeaders = ({ accessToken }: Credential) => ({ zsessionid: accessToken });
  const wsapi = (upstream: Upstream, by: Credential) => ({
    upstream,
    server,
    by,
    headers: credentialHeaders(by),
  });
  return {
    ...RALLY,
    server,
    isRegistered: true,
    clientId: client.id,
    clientSecret: client.secret,
    scope,
    issuer: server, // a guess: Rally is not known to send `iss`
    authorizationEndpoint: `${server}/login/oauth2/auth`,
    tokenEndpoint: `${server}/login/oauth2/token`,
    // SECURITY.md A3: never from the Host header, which a visitor chooses.
    redirectUri: `${serverUrl}/oauth-redirect`,
    usesPkce: true, // it is not known whether Rally looks at it: nothing here relies on it
    grantTypes: { authorizationCode: 'authorization_code', refreshToken: 'refresh_token' },
    sendsRedirectUriOnRefresh: false,
    returnsStateOnErrors: true,
    grantsUrl: `${server}/login/accounts/index.html#/apps`,
    ownCredential: {
      kind: 'api-key',
      path: '/rally/api-key',
      label: 'API key',
      article: 'an API key',
      shape: /^_/, // all that is known of it: Rally's documents show no whole key
      looks: 'it begins with an underscore',
      madeAt: `${server}/login/accounts/index.html#/keys`,
      whyRejected:
        'It may have been deleted or reset, or API keys are disabled for your subscription.',
      tryOut: (upstream, credential) => fetchWhoAmI(wsapi(upstream, credential)),
    },
    whyTokensDie: 'It has expired, or the grant was removed in Rally’s Application Manager.',
    whyForbidden:
      'Your Rally account may have no access to this workspace, or your company’s network may be in the way. A subscription administrator can tell.',
    trialUrl: `${server}/slm/webservice/v2.0/user`,
    credentialHeaders,
    wsapi,
    whoAmI: (upstream, credential) => fetchWhoAmI(wsapi(upstream, credential)),
  };
}
