import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { authorizationRequestUrl } from '../../src/oauth/authorization-request.js';
import { codeChallengeS256, createCodeVerifier } from '../../src/oauth/pkce.js';
import { client } from '../support/oauth-client.js';

describe('authorizationRequestUrl, RFC 6749 §4.1.1', () => {
  const request = { state: 'a b&c', codeVerifier: 'v'.repeat(43) };

  test('has exactly the documented parameters and PKCE’s, once each', () => {
    const { searchParams } = new URL(authorizationRequestUrl(client, request));

    expect([...searchParams]).toEqual([
      ['response_type', 'code'],
      ['client_id', client.clientId],
      ['redirect_uri', client.redirectUri],
      ['scope', 'alm'],
      ['state', 'a b&c'],
      ['code_challenge', createHash('sha256').update(request.codeVerifier).digest('base64url')],
      ['code_challenge_method', 'S256'],
    ]);
  });

  test('leaves out the scope and PKCE where the client has none', () => {
    const { scope, ...withoutScope } = client;
    const url = authorizationRequestUrl({ ...withoutScope, usesPkce: false }, request);

    expect(scope).toBe('alm');
    expect([...new URL(url).searchParams.keys()]).toEqual([
      'response_type',
      'client_id',
      'redirect_uri',
      'state',
    ]);
  });

  test('keeps a query that the endpoint has, and never shows the secret or the verifier', () => {
    const endpoint = { ...client, authorizationEndpoint: 'https://provider.example/auth?tenant=7' };
    const url = authorizationRequestUrl(endpoint, request);

    expect(new URL(url).searchParams.get('tenant')).toBe('7');
    expect(url).not.toContain(client.clientSecret);
    expect(url).not.toContain(request.codeVerifier);
  });
});

describe('PKCE, RFC 7636', () => {
  test('makes the challenge of the RFC’s own example (appendix B)', () => {
    expect(codeChallengeS256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    );
  });

  test('makes a new verifier of 43 unreserved characters each time (§4.1)', () => {
    expect(createCodeVerifier()).toMatch(/^[\w-]{43}$/);
    expect(createCodeVerifier()).not.toBe(createCodeVerifier());
  });
});
