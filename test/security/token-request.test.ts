// SECURITY.md, B: the code for a token, from server to server.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { letAllBeWell, person, PROVIDERS, RALLY, WHO_AM_I } from '../support/both-providers.js';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

let stub: StubProvider;
let elsewhere: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  [stub, elsewhere] = await Promise.all([startStubProvider(), startStubProvider()]);
  letAllBeWell(stub);
  started = await startWithStub(stub);
  visitor = new Visitor();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await Promise.all([stub.close(), elsewhere.close()]);
});

describe.each(PROVIDERS)('$name', ({ provider, tokenPath, grantType }) => {
  const tokenRequests = () => stub.received.filter(({ line }) => line === `POST ${tokenPath}`);

  test('B1 the token request is a form with exactly the five parameters and the code verifier, its redirect_uri the same to the byte (RFC 6749 §4.1.3; RFC 7636 §4.5)', async () => {
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    const { searchParams: asked } = location;
    const state = asked.get('state') ?? '';
    await visitor.visit(`${asked.get('redirect_uri') ?? ''}?code=the-code&state=${state}`);
    const [request] = tokenRequests();
    const form = Object.fromEntries(new URLSearchParams(request?.body));
    const { code_verifier = '', ...others } = form;

    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded(;|$)/);
    expect(others).toEqual({
      grant_type: grantType,
      code: 'the-code',
      redirect_uri: asked.get('redirect_uri'),
      client_id: 'the-client',
      client_secret: `the-client-secret-of-${provider}`,
    });
    expect(code_verifier).toMatch(/^[\w.~-]{43,128}$/);
    expect(createHash('sha256').update(code_verifier).digest('base64url')).toBe(
      asked.get('code_challenge'),
    );
    expect([...new URLSearchParams(request?.body).keys()]).toHaveLength(6);
  });

  test('B2 the secret goes in the body alone, and no header of the visitor goes along (RFC 6749 §2.3.1; ASVS 14.2.1)', async () => {
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    const back = new URL(location.searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('code', 'c');
    back.searchParams.set('state', location.searchParams.get('state') ?? '');
    let url = '';
    const answer = stub.answers.get(tokenPath);
    stub.answers.set(tokenPath, (request, response) => {
      url = request.url ?? '';
      answer?.(request, response);
    });
    const answered = await visitor.visit(back, {
      Authorization: 'Basic b3du',
      'X-Forwarded-For': '203.0.113.9',
      'X-Own-Header': 'visitors-own-value',
      Referer: 'https://visitors-own.example/',
      'User-Agent': 'visitors-own-browser',
      'Accept-Language': 'visitors-own',
      Via: 'visitors-own',
    });
    const [request] = tokenRequests();

    expect(answered.status).toBe(303);
    expect(url).toBe(tokenPath);
    expect(Object.keys(request?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ]);
    expect(JSON.stringify(request?.headers)).not.toMatch(/the-client-secret|visitors-own|203\.0/);
  });

  test.each([
    ['null', 'null'],
    ['a string', '"the-token"'],
    ['a list', '[{"access_token":"a-token-of-the-stub"}]'],
    ['an empty object', '{}'],
    ['a token that is a number', '{"access_token":12345678}'],
    ['a token that is a list', '{"access_token":["a-token-of-the-stub"]}'],
    ['a token that is true', '{"access_token":true}'],
    ['an empty token', '{"access_token":""}'],
    ['a token with a line break', '{"access_token":"a\\r\\nSet-Cookie: evil=1"}'],
    ['a token with a quote, which ends GoCD’s header', '{"access_token":"a\\" evil=\\"1"}'],
    ['a token with a space', '{"access_token":"a b"}'],
    ['a token that is not ASCII', '{"access_token":"tök"}'],
    ['a token of 5,000 characters', `{"access_token":"${'a'.repeat(5000)}"}`],
    ['a token of every object', '{"__proto__":{"access_token":"a-token-of-the-stub"}}'],
    ['an error beside a token', '{"error":"invalid_grant","access_token":"a-token-of-the-stub"}'],
    ['a form', 'access_token=a-token-of-the-stub'],
    ['GoCD’s documented Ruby hash', '{:access_token => a-token-of-the-stub}'],
    ['a byte order mark before half a JSON', '\uFEFF{"access_token"'],
  ])('B3 %s is no success (RFC 6749 §5.1; ASVS 15.3.5; CVE-2021-41580)', async (_what, body) => {
    stub.answers.set(tokenPath, respond(200, 'application/json', body));
    const page = await comeBack(visitor, started, provider);

    expect(page.status).toBe(body.startsWith('{"error"') ? 400 : 502);
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(page.text).not.toContain('a-token-of-the-stub');
    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);
    expect(tokenRequests()).toHaveLength(1);
  });

  test.each([
    ['nothing else', {}],
    ['a token type in odd case', { token_type: 'bEaReR' }],
    ['odd optional fields', { expires_in: null, refresh_token: {}, scope: 7, token_type: [] }],
    ['a life below nothing', { expires_in: -5 }],
    ['a life for ever', { expires_in: 1e300 }],
    ['a life in words', { expires_in: 'a while' }],
    ['unknown fields', { id_token: '???', client_id: null, constructor: 'x' }],
  ])(
    'B3 a token with %s is a success (RFC 6749 §5.1; OpenID conformance suite)',
    async (_what, fields) => {
      stub.answers.set(tokenPath, json({ access_token: 'a-token-of-the-stub', ...fields }));

      expect((await comeBack(visitor, started, provider)).status).toBe(303);
      expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(200);
    },
  );

  test.each([301, 302, 303, 307, 308])(
    'B4 a redirect with %i is not followed: the secret goes nowhere else (ASVS 15.3.2; RFC 9700 §4.12)',
    async (status) => {
      const Location = `${elsewhere.url}${tokenPath}`;
      stub.answers.set(tokenPath, respond(status, 'text/html', '', { Location }));
      const page = await comeBack(visitor, started, provider);

      expect(page.status).toBe(502);
      expect(page.text).toContain('It was not followed');
      expect(elsewhere.received).toEqual([]);
      expect(stub.received).toHaveLength(1);
    },
  );
});

test('B5 all the work for one request of a browser ends within 25 s, however many providers’ answers it takes (ASVS 13.1.3; Heroku H12)', async () => {
  stub.answers.set(RALLY.tokenPath, (request, response) => {
    const late = performance.now() + 25_000;
    jest.spyOn(performance, 'now').mockReturnValue(late);
    json({ access_token: 'a-token-of-the-stub' })(request, response);
  });
  stub.answers.set(WHO_AM_I, person('Ada'));
  const answer = await comeBack(visitor, started, 'rally');
  jest.restoreAllMocks();

  // The name is not waited for; the sign-in stands.
  expect(answer.status).toBe(303);
  expect(started.log.join()).toContain('did not say as whom');
  expect((await visitor.visit(started.url)).$('#card-rally ~ .state').text()).toBe('Connected');
});
