import { describe, expect, test } from '@jest/globals';
import { readAuthorizationResponse } from '../../src/oauth/authorization-response.js';
import { TokenResponseError, UnusableTokenResponseError } from '../../src/oauth/errors.js';
import { readTokenResponse, tokenRequest } from '../../src/oauth/token-request.js';
import { client } from '../support/oauth-client.js';
import { thrownBy } from '../support/thrown.js';

const validated = readAuthorizationResponse(
  client,
  { code: 'the-code', state: 's' },
  {
    state: 's',
    redirectUri: client.redirectUri,
    codeVerifier: 'the-verifier',
    startedAt: Date.now(),
  },
);

const gocdLike = {
  ...client,
  usesPkce: false,
  grantTypes: { authorizationCode: 'authorization-code', refreshToken: 'refresh-token' },
};

describe('tokenRequest, RFC 6749 §4.1.3', () => {
  test('has exactly the five parameters and the code verifier', () => {
    expect(Object.fromEntries(tokenRequest(client, validated))).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: client.redirectUri,
      client_id: client.clientId,
      client_secret: client.clientSecret,
      code_verifier: 'the-verifier',
    });
  });

  test('spells grant_type as the server does, and leaves out PKCE where it is off', () => {
    const form = tokenRequest(gocdLike, validated);

    expect(form.get('grant_type')).toBe('authorization-code');
    expect(form.has('code_verifier')).toBe(false);
  });

  test('does not compile with a redirect that was not validated', () => {
    const unchecked = { code: 'c', redirectUri: client.redirectUri, codeVerifier: 'v' };

    // @ts-expect-error -- the line below must stay a type error: that is the test
    expect(tokenRequest(client, unchecked).get('code')).toBe('c');
  });
});

describe('readTokenResponse, RFC 6749 §5', () => {
  const read = (fields: unknown, status = 200) =>
    readTokenResponse({ status, body: JSON.stringify(fields) });

  test('reads Rally’s documented answer', () => {
    const answer = {
      id_token: '???',
      refresh_token: '8b829ee0',
      expires_in: 86400,
      token_type: 'Bearer',
      access_token: 'Ovp8AQ4p',
    };

    expect(read(answer)).toEqual({
      accessToken: 'Ovp8AQ4p',
      refreshToken: '8b829ee0',
      expiresInSeconds: 86400,
    });
  });

  test.each([
    ['a numeric string', '3529', 3529],
    ['absent', undefined, undefined],
    ['null', null, undefined],
    ['a word', 'soon', undefined],
    ['negative', -1, undefined],
    ['longer than a life', 1e308, undefined],
  ])('takes an expires_in that is %s', (_form, expires_in, expected) => {
    expect(read({ access_token: 'a', expires_in }).expiresInSeconds).toBe(expected);
  });

  test('takes an answer without refresh token, token type or scope', () => {
    expect(read({ access_token: 'a' })).toEqual({ accessToken: 'a' });
  });

  test.each([200, 400, 401, 403])('takes an error object for an error with status %i', (status) => {
    const error = { error: 'invalid_grant', error_description: 'no', access_token: 'a' };

    expect(thrownBy(() => read(error, status))).toMatchObject({
      constructor: TokenResponseError,
      code: 'invalid_grant',
      description: 'no',
    });
  });

  test.each([
    ['a number', 7],
    ['an object', {}],
    ['an array', ['a']],
    ['true', true],
    ['empty', ''],
    ['absent', undefined],
    ['one with a line break', 'a\r\nX-Injected: 1'],
  ])('refuses an access_token that is %s', (_form, access_token) => {
    expect(() => read({ access_token })).toThrow(UnusableTokenResponseError);
  });

  test.each([
    '',
    'null',
    '[]',
    '7',
    '"a"',
    '{"access_token":"a"',
    '<html>',
    '{:access_token => a, :expires_in => 3529}', // GoCD's documentation prints this
  ])('refuses the body %j', (body) => {
    expect(() => readTokenResponse({ status: 200, body })).toThrow(UnusableTokenResponseError);
  });

  test.each([404, 500, 502, 503])(
    'takes the JSON error of a web server, status %i, for no answer of OAuth',
    (status) => {
      expect(() => read({ status, error: 'Internal Server Error' }, status)).toThrow(
        UnusableTokenResponseError,
      );
    },
  );

  test('refuses a token of more than 4,096 characters: it would fill the session store', () => {
    expect(read({ access_token: 'a'.repeat(4096) }).accessToken).toHaveLength(4096);
    expect(() => read({ access_token: 'a'.repeat(4097) })).toThrow(UnusableTokenResponseError);
  });

  test('refuses a token that comes with another status than 200', () => {
    expect(() => read({ access_token: 'a' }, 500)).toThrow(UnusableTokenResponseError);
  });
});
