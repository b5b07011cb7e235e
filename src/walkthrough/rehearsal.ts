// The dance before it was ever danced: the same code makes the same requests, with names in the place
// of what is new each time, or secret.
import { readAuthorizationResponse } from '../oauth/authorization-response.js';
import { authorizationRequestUrl } from '../oauth/authorization-request.js';
import { tokenRequest } from '../oauth/token-request.js';
import type { Provider } from '../providers/provider.js';
import { ownFields, ownHeader } from './masked-fields.js';
import type { Field, RecordedExchange, RecordedSignIn } from './recording.js';

const CODE = 'a code';
const SIGN_IN = { state: 'a state', codeVerifier: 'a code verifier' };

export function rehearsedSignIn(provider: Provider): RecordedSignIn {
  const authorization = new URL(authorizationRequestUrl(provider, SIGN_IN));
  const { pathname, host } = new URL(provider.redirectUri);
  return {
    startedAt: 0,
    authorizationEndpoint: authorization.origin + authorization.pathname,
    parameters: ownFields(authorization.searchParams).map(named),
    redirect: {
      ...{ arrivedAt: 0, tookMs: 0, path: pathname, host, status: 303 },
      parameters: ownFields(new URLSearchParams({ code: CODE, state: SIGN_IN.state })).map(named),
      headers: [{ name: 'location', value: provider.page }],
    },
    exchanges: [rehearsedTokenRequest(provider)],
  };
}

function rehearsedTokenRequest(provider: Provider): RecordedExchange {
  const { redirectUri } = provider;
  const pending = { ...SIGN_IN, redirectUri, startedAt: Date.now() };
  const redirect = { code: CODE, state: SIGN_IN.state };
  const validated = readAuthorizationResponse(provider, redirect, pending);
  return {
    ...{ startedAt: 0, tookMs: 0, method: 'POST', url: provider.tokenEndpoint },
    headers: [
      { name: 'Accept', value: 'application/json' },
      { name: 'Content-Type', value: 'application/x-www-form-urlencoded' },
    ],
    form: ownFields(tokenRequest(provider, validated)).map(named),
  };
}

export function rehearsedCall(provider: Provider): RecordedExchange {
  const headers = provider.credentialHeaders({ kind: 'oauth', accessToken: 'an-access-token' });
  return {
    ...{ startedAt: 0, tookMs: 0, method: 'GET', url: provider.trialUrl },
    headers: Object.entries(headers).map(([name, value]) => named(ownHeader(name, value))),
  };
}

function named(field: Field): Field {
  return { ...field, value: field.template ?? field.value };
}
