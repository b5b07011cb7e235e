// GoCD up to 18.7, the last version with an OAuth server. Its engine speaks an early draft of
// OAuth 2.0 (draft-ietf-oauth-v2-09), hence the spellings (ThoughtWorksStudios/oauth2_provider).
import type { Config } from '../config.js';
import type { Upstream } from '../http/upstream.js';
import { fetchPipelines, type Pipeline } from './gocd-cctray.js';
import type { Credential, Provider, ProviderFacts } from './provider.js';

export const GOCD = {
  id: 'gocd',
  name: 'GoCD',
  page: '/gocd',
  shows: 'your pipelines',
  needs: ['GOCD_SERVER', 'GOCD_CLIENT_ID', 'GOCD_CLIENT_SECRET'],
  settings: {
    server: 'GOCD_SERVER',
    clientId: 'GOCD_CLIENT_ID',
    clientSecret: 'GOCD_CLIENT_SECRET',
  },
} as const satisfies ProviderFacts;

export interface GoCD extends Provider {
  pipelines(upstream: Upstream, credential: Credential): Promise<readonly Pipeline[]>;
}

/** @returns undefined where GoCD is not configured */
export function createGoCD({ gocd, serverUrl }: Config): GoCD | undefined {
  if (!gocd) return undefined;
  const { server, client } = gocd;
  const credentialHeaders = ({ kind, accessToken }: Credential) => ({
    Authorization:
      kind === 'oauth'
        ? // SECURITY.md E1: GoCD's own form, with the quotes.
          `Token token="${accessToken}"`
        : `Bearer ${accessToken}`, // personal access tokens (since 19.2) are bearer tokens
  });
  return {
    ...GOCD,
    server,
    isRegistered: client !== undefined, // GoCD 18.8 and later has no OAuth server to register with
    clientId: client?.id ?? '',
    clientSecret: client?.secret ?? '',
    issuer: server, // a guess: GoCD does not send `iss`
    authorizationEndpoint: `${server}/oauth/authorize`,
    tokenEndpoint: `${server}/oauth/token`,
    // SECURITY.md A3: never from the Host header. One redirect URI per provider keeps their responses
    // apart (RFC 9700 §4.4.2).
    redirectUri: `${serverUrl}/oauth-redirect/gocd`,
    usesPkce: true, // nor is it known of GoCD
    grantTypes: { authorizationCode: 'authorization-code', refreshToken: 'refresh-token' },
    sendsRedirectUriOnRefresh: true,
    returnsStateOnErrors: false,
    grantsUrl: `${server}/oauth/user_tokens`,
    ownCredential: {
      kind: 'access-token',
      path: '/gocd/access-token',
      label: 'personal access token',
      article: 'a personal access token',
      shape: /^[0-9a-z]{40}$/i, // GoCD looks up no other length (AccessTokenService)
      looks: 'it has exactly 40 letters and digits',
      madeAt: `${server}/access_tokens`,
      whyRejected: 'It may have been revoked. GoCD has such tokens since 19.2.',
      tryOut: async (upstream, credential) => {
        await fetchPipelines(upstream, server, credentialHeaders(credential));
        return undefined; // GoCD does not say whose it is
      },
    },
    whyTokensDie:
      'It has expired or was revoked, or you connected from another browser: GoCD keeps one token per person and application, and the newest one wins.',
    whyForbidden:
      'Many GoCD servers do not open cctray.xml to OAuth tokens. Your administrator can tell whether yours does.',
    trialUrl: `${server}/cctray.xml`,
    credentialHeaders,
    pipelines: (upstream, credential) =>
      fetchPipelines(upstream, server, credentialHeaders(credential)),
  };
}
