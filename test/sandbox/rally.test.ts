// Rally's OAuth server in the sandbox by itself, held against what Rally's README and its knowledge
// base say. No client of ours takes part, so nothing can agree with itself.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { askToken, AUTHORIZE, authorizeUrl, TOKEN, whoAmI } from '../support/rally.js';
import {
  addClient,
  askFor,
  basic,
  CHALLENGE,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  STATE,
  VERIFIER,
  type Fields,
  type SandboxClient,
  type Tokens,
} from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

let sandbox: Sandbox;
let client: SandboxClient;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  client = clientOf(sandbox, 'rally');
  visitor = new Visitor();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

describe(`GET ${AUTHORIZE}`, () => {
  test('asks for consent, and lists what the client asked for', async () => {
    const page = await consent({ code_challenge: CHALLENGE, code_challenge_method: 'S256' });
    const listed = page.$('dl code').toArray();

    expect(page.status).toBe(200);
    expect(page.$('h1').text()).toBe('Authorization Request');
    expect(page.text).toContain(client.name);
    expect(page.text).toContain('Ada Finch');
    const buttons = page.$('button').toArray();
    expect(buttons.map((button) => page.$(button).text())).toEqual(['Allow Access', 'Deny']);
    expect(listed.map((code) => page.$(code).text())).toEqual([
      ...['response_type', 'code'],
      ...['client_id', client.id],
      ...['redirect_uri', client.redirectUri],
      ...['scope', 'alm'],
      ...['state', STATE],
      ...['code_challenge', CHALLENGE],
      ...['code_challenge_method', 'S256'],
    ]);
  });

  test.each<[string, Fields]>([
    ['an unknown client', { client_id: '817b4273628c415cddfd657ab7224582' }],
    ['no client', { client_id: undefined }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['neither', { client_id: undefined, redirect_uri: undefined }],
    ['another redirect URI', { redirect_uri: 'https://attacker.example/oauth-redirect' }],
    ['a redirect URI below', { redirect_uri: 'http://localhost:9/oauth-redirect/below' }],
    ['a redirect URI with a query', { redirect_uri: 'http://localhost:9/oauth-redirect?x=1' }],
    ['another spelling', { redirect_uri: 'http://LOCALHOST:9/oauth-redirect' }],
  ])('answers %s with an error page, and sends nobody anywhere', async (_what, parameters) => {
    await consent();
    const page = await visitor.visit(asked({ response_type: 'token', ...parameters }));

    expect(page.status).toBe(400);
    expect(page.headers).not.toHaveProperty('location');
    expect(page.$('main a, main form, meta[http-equiv]')).toHaveLength(0);
    expect(page.text).toContain('Nobody was sent anywhere');
  });

  test('does not take the redirect URI of another client', async () => {
    const other = addClient(sandbox, 'rally', 'http://localhost:9/another');
    const page = await visitor.visit(asked({ redirect_uri: other.redirectUri }));

    expect(page.status).toBe(400);
    expect(page.headers).not.toHaveProperty('location');
  });

  test.each<[string, Fields, string]>([
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type code token', { response_type: 'code token' }, 'unsupported_response_type'],
    ['an unknown scope', { scope: 'alm alm:write' }, 'invalid_scope'],
    ['a plain challenge', { code_challenge: CHALLENGE }, 'invalid_request'],
  ])('sends %s back with an error and the state', async (_what, parameters, error) => {
    const { status, location } = await visitor.visit(asked(parameters));

    expect(status).toBe(302);
    expect(location.origin + location.pathname).toBe(client.redirectUri);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      error,
      error_description: expect.stringMatching(/\w/),
      state: STATE,
    });
  });

  test('refuses a parameter that is sent twice (RFC 6749 §3.1)', async () => {
    const url = asked();
    url.searchParams.append('scope', 'openid');
    const { location } = await visitor.visit(url);

    expect(location.searchParams.get('error')).toBe('invalid_request');
  });

  test.each([undefined, 'alm', 'openid', 'alm openid'])('accepts the scope %s', async (scope) => {
    expect((await consent({ scope })).$('h1').text()).toBe('Authorization Request');
  });
});

describe(`POST ${AUTHORIZE}`, () => {
  test('sends the browser back with a code and the state after Allow Access', async () => {
    const { status, location } = await allow(await consent({ state: 'a b&c=é' }));

    expect(status).toBe(302);
    expect(location.origin + location.pathname).toBe(client.redirectUri);
    expect([...location.searchParams.keys()]).toEqual(['code', 'state']);
    expect(location.searchParams.get('state')).toBe('a b&c=é');
  });

  test('sends no state back where none was sent', async () => {
    const { location } = await allow(await consent({ state: undefined }));

    expect([...location.searchParams.keys()]).toEqual(['code']);
  });

  test('keeps the query of a registered redirect URI', async () => {
    const other = addClient(sandbox, 'rally', 'http://localhost:9/cb?x=1');
    const parameters = { client_id: other.id, redirect_uri: other.redirectUri };
    const { location } = await allow(await consent(parameters));

    expect([...location.searchParams.keys()]).toEqual(['x', 'code', 'state']);
  });

  test('sends access_denied and the state back after Deny, and issues no code', async () => {
    const { location } = await visitor.submit(await consent(), 'form', { decision: 'deny' });

    expect(location.origin + location.pathname).toBe(client.redirectUri);
    expect(Object.fromEntries(location.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The user denied access',
      state: STATE,
    });
    expect(sandbox.world.rally.grants.lines).toEqual([]);
  });

  test('takes a form without a decision as a denial', async () => {
    const { location } = await visitor.submit(await consent(), 'form');

    expect(location.searchParams.get('error')).toBe('access_denied');
  });

  test('checks the request again, because a form can be changed on its way', async () => {
    const page = await consent();
    const elsewhere = await visitor.submit(page, 'form', {
      decision: 'allow',
      redirect_uri: 'https://attacker.example/',
    });
    const token = await visitor.submit(page, 'form', {
      decision: 'allow',
      response_type: 'token',
    });

    expect(elsewhere.status).toBe(400);
    expect(elsewhere.headers).not.toHaveProperty('location');
    expect(token.location.searchParams.get('error')).toBe('unsupported_response_type');
    expect(sandbox.world.rally.grants.lines).toEqual([]);
  });

  test('issues no code to somebody who has not logged in', async () => {
    const login = await visitor.browse(asked());
    const answer = await visitor.post(sandbox.url + AUTHORIZE, {
      ...Object.fromEntries(asked().searchParams),
      csrf_token: login.$('input[name=csrf_token]').attr('value') ?? '',
      decision: 'allow',
    });

    expect(answer.status).toBe(401);
    expect(sandbox.world.rally.grants.lines).toEqual([]);
  });
});

describe(`POST ${TOKEN} with a code`, () => {
  test('answers with the body that Rally’s README shows', async () => {
    const answer = await exchange(await newCode());

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      id_token: '???',
      refresh_token: expect.stringMatching(/^[0-9a-f]{29}$/),
      expires_in: 86_400,
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  test('issues tokens that live as long as they were told to', async () => {
    sandbox = await startSandboxAlone({ tokenTtlSeconds: 90 });
    client = clientOf(sandbox, 'rally');
    const answer = await exchange(await newCode());
    const { access_token: token } = answer.body as Tokens;

    expect(answer.body).toMatchObject({ expires_in: 90 });
    expect((await whoAmI(sandbox, token)).status).toBe(200);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 90_000);
    expect((await whoAmI(sandbox, token)).status).toBe(401);
  });

  test('takes the client’s credentials by HTTP Basic too', async () => {
    const answer = await exchange(
      await newCode(),
      { client_id: undefined, client_secret: undefined },
      basic(client.id, client.secret),
    );

    expect(answer.body).toMatchObject({ token_type: 'Bearer' });
  });

  test.each<[string, Fields, string | undefined]>([
    ['a wrong secret', { client_secret: 'wrong' }, undefined],
    ['an unknown client', { client_id: 'unknown' }, undefined],
    ['no credentials', { client_id: undefined, client_secret: undefined }, undefined],
    ['a wrong secret by HTTP Basic', {}, basic('unknown', 'wrong')],
    ['HTTP Basic that is not form-encoded', {}, basic('%', '%zz')],
  ])('refuses %s with 401, and leaves the code alone', async (_what, fields, authorization) => {
    const code = await newCode();
    const answer = await exchange(code, fields, authorization);

    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    expect(answer.body).toEqual({
      client_id: null,
      client_secret: null,
      error: 'invalid_client',
      error_description: expect.stringMatching(/\w/),
    });
    expect((await exchange(code)).status).toBe(200);
  });

  test.each<[string, Fields]>([
    ['GoCD’s spelling', { grant_type: 'authorization-code' }],
    ['no grant_type', { grant_type: undefined }],
    ['another grant', { grant_type: 'client_credentials' }],
    ['a wrong client as well', { grant_type: 'password', client_secret: 'wrong' }],
  ])('looks at the grant_type first: %s gets the README’s error', async (_what, fields) => {
    const answer = await exchange(await newCode(), fields);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      client_id: null,
      client_secret: null,
      error_description: 'Invalid value for grant_type params - must be authorization_code',
      error: 'invalid_grant',
    });
  });

  test('does not read a JSON body, and so finds no grant_type in it', async () => {
    const answer = await supertest(sandbox.url)
      .post(TOKEN)
      .send({
        grant_type: 'authorization_code',
        code: await newCode(),
        redirect_uri: client.redirectUri,
        client_id: client.id,
        client_secret: client.secret,
      });

    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Invalid value for grant_type params');
  });

  test('takes a code once, and ends its tokens when it comes again: somebody has stolen it', async () => {
    const code = await newCode();
    const { access_token: token } = (await exchange(code)).body as Tokens;

    expect((await whoAmI(sandbox, token)).status).toBe(200);
    expect((await exchange(code)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await whoAmI(sandbox, token)).status).toBe(401);
  });

  test('takes a code for ten minutes', async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    const [early, late] = [await newCode(), await newCode()];

    clock.mockReturnValue(now + 600_000 - 1);
    expect((await exchange(early)).status).toBe(200);
    clock.mockReturnValue(now + 600_000);
    expect((await exchange(late)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('gives nobody the code of another client', async () => {
    const other = addClient(sandbox, 'rally');
    const code = await newCode();
    const theirs = await exchange(code, { client_id: other.id, client_secret: other.secret });

    expect(theirs.status).toBe(400);
    expect(theirs.body).toMatchObject({ error: 'invalid_grant' });
    expect((await exchange(code)).status).toBe(200);
  });

  test.each<[string, Fields, Fields]>([
    ['another redirect URI', {}, { redirect_uri: 'http://localhost:9/' }],
    ['no redirect URI', {}, { redirect_uri: undefined }],
    ['a wrong verifier', { code_challenge: CHALLENGE }, { code_verifier: CHALLENGE }],
    ['no verifier', { code_challenge: CHALLENGE }, {}],
    ['a verifier without a challenge', {}, { code_verifier: VERIFIER }],
    ['an unknown code', {}, { code: '00000000000000000000000000000000' }],
    ['no code', {}, { code: undefined }],
  ])('refuses %s', async (_what, parameters, fields) => {
    const answer = await exchange(await newCode(withMethod(parameters)), fields);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      client_id: null,
      client_secret: null,
      error: 'invalid_grant',
    });
    expect(sandbox.world.rally.grants.lines.filter(({ tokens }) => tokens)).toEqual([]);
  });

  test('takes the verifier that belongs to the challenge', async () => {
    const code = await newCode(withMethod({ code_challenge: CHALLENGE }));

    expect((await exchange(code, { code_verifier: VERIFIER })).status).toBe(200);
  });

  test('does not take a code again after its verifier was guessed wrongly', async () => {
    const code = await newCode(withMethod({ code_challenge: CHALLENGE }));
    await exchange(code, { code_verifier: 'guessed' });

    expect((await exchange(code, { code_verifier: VERIFIER })).status).toBe(400);
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

    expect(answer.body).toMatchObject({ id_token: '???', expires_in: 86_400 });
    expect(renewed.access_token).not.toBe(tokens.access_token);
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
    expect((await whoAmI(sandbox, tokens.access_token)).status).toBe(401);
    expect((await whoAmI(sandbox, renewed.access_token)).status).toBe(200);
    expect((await refresh(renewed.refresh_token)).status).toBe(200);
  });

  test('ends the grant’s tokens when a refresh token comes again: somebody has stolen it', async () => {
    const renewed = (await refresh(tokens.refresh_token)).body as Tokens;

    expect((await refresh(tokens.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await whoAmI(sandbox, renewed.access_token)).status).toBe(401);
    expect((await refresh(renewed.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('answers with new tokens also when the access token has expired: a refresh token does not', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);

    expect((await whoAmI(sandbox, tokens.access_token)).status).toBe(401);
    const { access_token: renewed } = (await refresh(tokens.refresh_token)).body as Tokens;
    expect((await whoAmI(sandbox, renewed)).status).toBe(200);
  });

  test('needs no redirect URI, and takes HTTP Basic', async () => {
    const none = { client_id: undefined, client_secret: undefined };
    const answer = await refresh(tokens.refresh_token, none, basic(client.id, client.secret));

    expect(answer.status).toBe(200);
  });

  test('refuses an unknown one, none, another client’s, and one from a wrong client', async () => {
    const other = addClient(sandbox, 'rally');
    const theirs = { client_id: other.id, client_secret: other.secret };
    const wrong = await refresh(tokens.refresh_token, { client_secret: 'wrong' });

    expect((await refresh('unknown')).body).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(undefined)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(tokens.refresh_token, theirs)).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toMatchObject({ error: 'invalid_client' });
    expect((await refresh(tokens.refresh_token)).status).toBe(200);
  });
});

function asked(parameters: Fields = {}): URL {
  return authorizeUrl(sandbox, { state: STATE, ...parameters }, client);
}

async function consent(parameters: Fields = {}, username = 'ada@example.test'): Promise<Page> {
  return askFor(visitor, asked(parameters), username);
}

async function allow(page: Page): Promise<Page> {
  return page.status === 302 ? page : visitor.submit(page, 'form', { decision: 'allow' });
}

async function newCode(parameters: Fields = {}, username?: string): Promise<string> {
  return codeIn(await allow(await consent(parameters, username)));
}

function withMethod(parameters: Fields): Fields {
  const hasChallenge = parameters['code_challenge'] !== undefined;
  return hasChallenge ? { ...parameters, code_challenge_method: 'S256' } : parameters;
}

async function exchange(code: string, fields: Fields = {}, authorization?: string) {
  const all = { grant_type: 'authorization_code', code, ...fields };
  return askToken(sandbox, all, client, authorization);
}

async function refresh(token: string | undefined, fields: Fields = {}, authorization?: string) {
  const all = { grant_type: 'refresh_token', refresh_token: token, redirect_uri: undefined };
  return askToken(sandbox, { ...all, ...fields }, client, authorization);
}
