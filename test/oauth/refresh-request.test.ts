import { describe, expect, test } from '@jest/globals';
import { refreshRequest } from '../../src/oauth/refresh-request.js';
import { client } from '../support/oauth-client.js';

describe('refreshRequest, RFC 6749 §6', () => {
  test('has the refresh token and our credentials', () => {
    expect(Object.fromEntries(refreshRequest(client, 'r'))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'r',
      client_id: client.clientId,
      client_secret: client.clientSecret,
    });
  });

  test('repeats the redirect URI for a server that asks for it', () => {
    const gocdLike = {
      ...client,
      grantTypes: { authorizationCode: 'authorization-code', refreshToken: 'refresh-token' },
      sendsRedirectUriOnRefresh: true,
    };

    expect(Object.fromEntries(refreshRequest(gocdLike, 'r'))).toMatchObject({
      grant_type: 'refresh-token',
      redirect_uri: client.redirectUri,
    });
  });
});
