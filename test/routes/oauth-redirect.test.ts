import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeAll, type Started } from '../support/start.js';
import { STACK } from '../support/outcome.js';
import {
  comeBack,
  drip,
  hang,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

const TOKEN = { access_token: 'a-token-of-the-stub-provider-1', token_type: 'bearer' };
/** A good answer, but for its size. */
const HUGE = JSON.stringify({ ...TOKEN, padding: 'x'.repeat(1_000_000) });
const ME = { User: { Errors: [], ObjectID: 7, DisplayName: 'Ada <b>Finch</b>' } };

let stub: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  stub = await startStubProvider();
  started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '400' });
  visitor = new Visitor();
});

afterEach(async () => {
  await closeAll();
  await stub.close();
});

const TOKEN_PATHS = { rally: '/login/oauth2/token', gocd: '/go/oauth/token' } as const;

describe.each([
  { path: '/oauth-redirect', provider: 'rally' },
  { path: '/oauth-redirect/gocd', provider: 'gocd' },
] as const)('GET $path when the token endpoint', ({ provider }) => {
  const tokenPath = TOKEN_PATHS[provider];

  test.each([
    ['refuses the code', json({ error: 'invalid_grant' }, 400), 400],
    ['refuses the code, spelled by GoCD', json({ error: 'invalid-grant' }, 400), 400],
    ['refuses the code with status 200', json({ error: 'invalid_grant' }), 400],
    ['does not know our secret', json({ error: 'invalid_client' }, 401), 500],
    ['refuses us, as GoCD does', json({ error: 'invalid-client-credentials' }, 400), 500],
    ['is temporarily unavailable', json({ error: 'temporarily_unavailable' }, 400), 503],
    ['reports a server_error', json({ error: 'server_error' }, 400), 502],
    ['fails in JSON', json({ status: 500, error: 'Internal Server Error' }, 500), 502],
    ['does not know the grant type', json({ error: 'unsupported-grant-type' }, 400), 502],
    ['quotes our secret as its error', json({ error: 'bad the-client-secret-of-1' }, 400), 502],
    ['answers HTML', respond(200, 'text/html', '<h1>Welcome</h1>'), 502],
    ['does not exist', respond(404, 'text/html', '<h1>Not found</h1>'), 502],
    ['answers nothing', respond(200, 'application/json', ''), 502],
    ['answers half a JSON', respond(200, 'application/json', '{"access_token":"a'), 502],
    ['answers null', respond(200, 'application/json', 'null'), 502],
    ['answers a token that is an object', json({ access_token: {} }), 502],
    ['redirects elsewhere', respond(302, 'text/html', '', { Location: '/elsewhere' }), 502],
    ['redirects with 307', respond(307, 'text/html', '', { Location: '/elsewhere' }), 502],
    ['fails', respond(500, 'text/html', '<h1>Oops</h1>'), 502],
    ['cuts the connection', reset, 502],
    ['sends over 1 MB', respond(200, 'application/json', HUGE), 502],
    [
      'sends over 1 MB, packed',
      respond(200, 'application/json', gzipSync(HUGE), {
        'Content-Encoding': 'gzip',
      }),
      502,
    ],
    ['never answers', hang, 504],
    ['drips', drip, 504],
  ])('%s: a page, one request, and nobody signed in', async (_what, answer, status) => {
    stub.answers.set(tokenPath, answer);
    const page = await comeBack(visitor, started, provider);

    expect(page.status).toBe(status);
    expect(page.$('h1').text()).not.toBe('');
    expect(page.text).not.toMatch(STACK);
    expect(page.text).not.toMatch(/the-client-secret|the-code-of/);
    expect(started.log.join()).not.toMatch(/the-client-secret|the-code-of/);
    expect(stub.received.map(({ line }) => line)).toEqual([`POST ${tokenPath}`]);
    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);
  });

  test.each([429, 503])('answers %i: 503, and Retry-After is passed on', async (status) => {
    const headers = { 'Retry-After': '17' };
    stub.answers.set(tokenPath, respond(status, 'text/html', '<h1>Busy</h1>', headers));
    const page = await comeBack(visitor, started, provider);

    expect(page.status).toBe(503);
    expect(page.headers['retry-after']).toBe('17');
  });

  test.each(['correct horse', 'short', 'ab.cd+ef/gh~ij'])(
    'repeats our secret %j: it is masked on the page and in the log',
    async (secret) => {
      const own = await startWithStub(stub, {
        RALLY_CLIENT_SECRET: secret,
        GOCD_CLIENT_SECRET: secret,
      });
      const error_description = `the secret ${secret} is wrong`;
      stub.answers.set(tokenPath, json({ error: 'invalid_client', error_description }, 401));
      const page = await comeBack(visitor, own, provider);

      expect(page.$('blockquote').text()).toContain('the secret … is wrong');
      expect(own.log.join()).not.toContain(secret);
    },
  );

  test('refuses a code of eight thousand characters: a page, as for any other', async () => {
    stub.answers.set(tokenPath, json({ error: 'invalid_grant' }, 400));
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    const back = new URL(location.searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('code', 'Ab/1'.repeat(2000));
    back.searchParams.set('state', location.searchParams.get('state') ?? '');

    expect((await visitor.visit(back)).status).toBe(400);
  });

  test.each(['-1', '<script>', '1'.repeat(12), 'soon', 'any_words 1'])(
    'asks to come back after %j: that is not passed on',
    async (value) => {
      const headers = { 'Retry-After': value };
      stub.answers.set(tokenPath, respond(503, 'text/html', 'busy', headers));

      expect((await comeBack(visitor, started, provider)).headers['retry-after']).toBeUndefined();
    },
  );

  test('repeats our secret as its Content-Type: that is masked, too', async () => {
    const contentType = 'text/html; of=the-client-secret-of-rally; or=the-client-secret-of-gocd';
    stub.answers.set(tokenPath, respond(503, contentType, 'busy'));
    const page = await comeBack(visitor, started, provider);

    expect(page.status).toBe(503);
    expect(page.text + started.log.join()).not.toContain(`the-client-secret-of-${provider}`);
  });

  test('quotes a provider: its words are shown as text, without secrets', async () => {
    const error_description = '<script>alert(1)</script> client_secret=the-client-secret-of-it';
    stub.answers.set(tokenPath, json({ error: 'invalid_grant', error_description }, 400));
    const page = await comeBack(visitor, started, provider);

    expect(page.$('blockquote').text()).toContain('<script>alert(1)</script>');
    expect(page.$('script:not([src])')).toHaveLength(0);
    expect(page.text).not.toContain('the-client-secret');
  });

  test('gives a token: the secret went in the body, and no header of the visitor’s', async () => {
    stub.answers.set(tokenPath, json(TOKEN));
    stub.answers.set('/slm/webservice/v2.0/user', json(ME));
    const page = await comeBack(visitor, started, provider);
    const [request] = stub.received;
    const form = new URLSearchParams(request?.body);

    expect(page.status).toBe(303);
    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.headers.cookie).toBeUndefined();
    expect([...form.keys()].sort()).toEqual([
      'client_id',
      'client_secret',
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ]);
  });
});

describe('GET /oauth-redirect, who am I', () => {
  beforeEach(() => {
    stub.answers.set(TOKEN_PATHS.rally, json(TOKEN));
  });

  test('is asked once, with the token in Rally’s header', async () => {
    stub.answers.set('/slm/webservice/v2.0/user', json(ME));
    await comeBack(visitor, started, 'rally');
    const home = await visitor.visit(started.url);

    expect(stub.received[1]?.headers['zsessionid']).toBe(TOKEN.access_token);
    expect(stub.received[1]?.headers.authorization).toBeUndefined();
    expect(stub.received).toHaveLength(2);
    expect(home.$('.state strong').text()).toBe('Ada <b>Finch</b>');
  });

  test('leaves the sign-in standing when it fails, and the page asks again', async () => {
    stub.answers.set('/slm/webservice/v2.0/user', respond(500, 'text/html', 'no'));
    const answer = await comeBack(visitor, started, 'rally');
    stub.answers.set('/slm/webservice/v2.0/user', json(ME));
    const result = { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] };
    stub.answers.set('/slm/webservice/v2.0/hierarchicalrequirement', json({ QueryResult: result }));

    expect(answer.status).toBe(303);
    expect((await visitor.visit(started.url)).$('#card-rally ~ .state').text()).toBe('Connected');
    expect((await visitor.visit(`${started.url}/rally`)).text).toContain('Ada &lt;b&gt;Finch');
    expect((await visitor.visit(started.url)).text).toContain('Ada &lt;b&gt;Finch');
  });
});

describe('GET /oauth-redirect with an error', () => {
  test.each([
    ['access_denied', 403],
    ['temporarily_unavailable', 503],
    ['server_error', 502],
    ['unauthorized_client', 500],
    ['invalid_scope', 500],
    ['redirect-uri-mismatch', 500],
    ['something_new', 500],
  ])('%s answers %i', async (error, status) => {
    const { location } = await visitor.visit(`${started.url}/login/rally`);
    const state = location.searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error, error_description: '<i>said</i>', state });
    const page = await visitor.visit(`${started.url}/oauth-redirect?${query.toString()}`);

    expect(page.status).toBe(status);
    expect(page.$('blockquote').text()).toBe(`${error}: <i>said</i>`);
  });

  test('names SERVER_URL to whoever came by another name of the machine', async () => {
    const page = await visitor.visit(`${started.url}/oauth-redirect?code=c&state=s`);

    expect(page.text).toContain(started.url);
    expect(page.text).toContain('127.0.0.1');
  });
});
