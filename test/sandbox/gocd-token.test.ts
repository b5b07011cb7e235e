// GoCD's token endpoint in the sandbox by itself, held against the source of GoCD's OAuth engine. No
// client of ours takes part.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { askToken, cctray, codeOf, oauth, TOKEN } from '../support/gocd.js';
import {
  addClient,
  basic,
  CHALLENGE,
  clientOf,
  closeSandboxes,
  postForm,
  setStatusOf,
  startSandboxAlone,
  VERIFIER,
  type Fields,
  type SandboxClient,
  type Tokens,
} from '../support/sandbox.js';

const REDIRECT_URI = 'http://localhost:9/oauth-redirect/gocd';

let sandbox: Sandbox;
let client: SandboxClient;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  client = clientOf(sandbox, 'gocd');
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

const INVALID_CODE = {
  error: 'invalid-grant',
  error_description: 'Authorization expired or invalid!',
};
const INVALID_REFRESH_TOKEN = {
  error: 'invalid-grant',
  error_description: 'Refresh token is invalid!',
};
// In the order in which the engine looks; each row has the faults of all later rows as well.
const TOKEN_REFUSALS: [string, Fields, string, string][] = [
  [
    'OAuth’s own spelling of the grant',
    { grant_type: 'authorization_code', client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type authorization_code is not supported!',
  ],
  [
    'OAuth’s own spelling of the refresh',
    { grant_type: 'refresh_token', client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type refresh_token is not supported!',
  ],
  [
    'no grant_type',
    { grant_type: undefined, client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type  is not supported!',
  ],
  [
    'a wrong secret',
    { client_secret: 'wrong', redirect_uri: 'x' },
    'invalid-client-credentials',
    'Invalid client credentials!',
  ],
  [
    'an unknown client',
    { client_id: 'unknown', redirect_uri: 'x' },
    'invalid-client-credentials',
    'Invalid client credentials!',
  ],
  [
    'another redirect URI',
    { redirect_uri: `${REDIRECT_URI}/` },
    'invalid-grant',
    'Redirect uri mismatch!',
  ],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid-grant', 'Redirect uri mismatch!'],
];

describe(`POST ${TOKEN} with a code`, () => {
  test('answers with three members, and expires_in is one second less than 90 days', async () => {
    const answer = await exchange(await newCode());

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('private, max-age=0, must-revalidate');
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      expires_in: 7_775_999,
      refresh_token: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test.each(TOKEN_REFUSALS)(
    'refuses %s with 400, and burns the code',
    async (_what, fields, error, error_description) => {
      const code = await newCode();
      const answer = await exchange(code, fields);

      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers).not.toHaveProperty('www-authenticate');
      expect(answer.body).toEqual({ error, error_description });
      expect((await exchange(code)).body).toEqual(INVALID_CODE);
    },
  );

  test('takes no credentials by HTTP Basic', async () => {
    const code = await newCode();
    const { id, secret, redirectUri } = client;
    const form = { grant_type: 'authorization-code', code, redirect_uri: redirectUri };
    const answer = await postForm(sandbox, TOKEN, form, basic(id, secret));

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'invalid-client-credentials' });
  });

  test('takes a code once, and the token from it stays good', async () => {
    const code = await newCode();
    const token = tokenOf((await exchange(code)).body as Tokens);

    expect((await exchange(code)).body).toEqual(INVALID_CODE);
    expect(await statusWith(token)).toBe(200);
  });

  test('takes a code for an hour', async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    const early = await newCode();
    clock.mockReturnValue(now + 3_600_000 - 1);
    expect((await exchange(early)).status).toBe(200);

    clock.mockReturnValue(now);
    const late = await newCode();
    clock.mockReturnValue(now + 3_600_000);
    expect((await exchange(late)).body).toEqual(INVALID_CODE);
  });

  test('refuses an unknown code and none', async () => {
    expect((await exchange('0'.repeat(64))).body).toEqual(INVALID_CODE);
    expect((await exchange(undefined)).body).toEqual(INVALID_CODE);
  });

  test('gives nobody the code of another client, and burns it', async () => {
    const other = addClient(sandbox, 'gocd');
    const code = await newCode();
    const theirs = await exchange(code, { client_id: other.id, client_secret: other.secret });

    expect(theirs.body).toEqual(INVALID_CODE);
    expect((await exchange(code)).body).toEqual(INVALID_CODE);
  });

  test('holds a client to its PKCE challenge, though GoCD knows none', async () => {
    const challenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };

    expect((await exchange(await newCode(challenge))).body).toEqual(INVALID_CODE);
    const wrong = await exchange(await newCode(challenge), { code_verifier: CHALLENGE });
    expect(wrong.body).toEqual(INVALID_CODE);
    const right = await exchange(await newCode(challenge), { code_verifier: VERIFIER });
    expect(right.status).toBe(200);
  });

  test('takes a JSON body as well', async () => {
    const answer = await supertest(sandbox.url)
      .post(TOKEN)
      .send({
        grant_type: 'authorization-code',
        code: await newCode(),
        redirect_uri: client.redirectUri,
        client_id: client.id,
        client_secret: client.secret,
      });

    expect(answer.status).toBe(200);
  });

  test('ends the former token of the same person and client, and nobody else’s', async () => {
    const first = tokenOf((await exchange(await newCode())).body as Tokens);
    const other = addClient(sandbox, 'gocd');
    const credentials = { client_id: other.id, client_secret: other.secret };
    const code = await codeOf(sandbox, 'ada', other);
    const ofOther = tokenOf((await exchange(code, credentials)).body as Tokens);
    const admins = tokenOf((await exchange(await newCode({}, 'admin'))).body as Tokens);
    expect(await statusWith(first)).toBe(200);

    const second = tokenOf((await exchange(await newCode())).body as Tokens);

    expect(await statusWith(first)).toBe(401);
    expect(await statusWith(second)).toBe(200);
    expect(await statusWith(ofOther)).toBe(200);
    expect(await statusWith(admins)).toBe(200);
  });

  test.each(['disabled', 'deleted'])(
    'gives nothing for the code of somebody who is %s meanwhile',
    async (status) => {
      const code = await newCode();
      await setStatus(status);

      expect((await exchange(code)).body).toEqual(INVALID_CODE);
      await setStatus('active');
      expect((await exchange(await newCode())).status).toBe(200);
    },
  );

  test('does not repeat markup as a page: the answer is JSON', async () => {
    const answer = await askToken(sandbox, { grant_type: '<script>alert(1)</script>' });

    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe(`POST ${TOKEN} with a refresh token`, () => {
  let tokens: Tokens;
  beforeEach(async () => {
    tokens = (await exchange(await newCode())).body as Tokens;
  });

  test('answers with new tokens, and both old ones are dead at once', async () => {
    const answer = await refresh(tokens.refresh_token);
    const renewed = answer.body as Tokens;

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ expires_in: 7_775_999 });
    expect(await statusWith(tokens.access_token)).toBe(401);
    expect(await statusWith(renewed.access_token)).toBe(200);
    expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await refresh(renewed.refresh_token)).status).toBe(200);
  });

  test.each(['disabled', 'deleted'])(
    'gives nothing for the refresh token of somebody who is %s, and it is spent',
    async (status) => {
      await setStatus(status);

      expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
      await setStatus('active');
      expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
    },
  );

  test('answers with new tokens also when the access token has expired: a refresh token does not', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 90 * 24 * 3_600_000);

    expect(await statusWith(tokens.access_token)).toBe(401);
    const renewed = tokenOf((await refresh(tokens.refresh_token)).body as Tokens);
    expect(await statusWith(renewed)).toBe(200);
  });

  test.each(TOKEN_REFUSALS)(
    'refuses %s with 400, and the living access token dies of it',
    async (_what, fields, error, error_description) => {
      const grant = 'grant_type' in fields ? {} : { grant_type: 'refresh-token' };
      const answer = await refresh(tokens.refresh_token, { ...grant, ...fields });

      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ error, error_description });
      expect(await statusWith(tokens.access_token)).toBe(401);
      expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
    },
  );

  test('refuses an unknown one, none, and another client’s, which dies of it', async () => {
    const other = addClient(sandbox, 'gocd');
    const theirs = { client_id: other.id, client_secret: other.secret };

    expect((await refresh('unknown')).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await refresh(undefined)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect(await statusWith(tokens.access_token)).toBe(200);
    expect((await refresh(tokens.refresh_token, theirs)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect(await statusWith(tokens.access_token)).toBe(401);
  });
});

describe(`GET ${TOKEN}`, () => {
  test.each([TOKEN, '/oauth/token'])(
    'is not allowed at %s: a redirected POST ends here',
    async (path) => {
      const answer = await supertest(sandbox.url).get(path);

      expect(answer.status).toBe(405);
      expect(answer.headers['allow']).toBe('POST');
    },
  );
});

async function newCode(parameters: Fields = {}, username = 'ada'): Promise<string> {
  return codeOf(sandbox, username, client, parameters);
}

async function exchange(code: string | undefined, fields: Fields = {}) {
  return askToken(sandbox, { grant_type: 'authorization-code', code, ...fields });
}

async function refresh(token: string | undefined, fields: Fields = {}) {
  return askToken(sandbox, { grant_type: 'refresh-token', refresh_token: token, ...fields });
}

function tokenOf({ access_token: token }: Tokens): string {
  return token;
}

async function statusWith(token: string): Promise<number> {
  return (await cctray(sandbox, oauth(token))).status;
}

async function setStatus(status: string): Promise<void> {
  await setStatusOf(sandbox, 'gocd', 'ada', status);
}
