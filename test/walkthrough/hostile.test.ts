// What a provider may send that the walkthrough must neither believe nor repeat.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  hang,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';
import { openWalkthrough, parametersOf, stepsOn, wireOf } from '../support/walkthrough.js';

const TOKEN_PATH = '/login/oauth2/token';
const USER_PATH = '/slm/webservice/v2.0/user';
const TOKEN = 'a-token,of/the+stub';
const REFRESH = 'its+refresh,token'; // looks like no secret
const SECRETS = [TOKEN, REFRESH, 'the-client-secret-of-rally', 'the-code-of-this-sign-in'];
const ANSWER = { access_token: TOKEN, refresh_token: REFRESH, expires_in: '86400' };
const ME = { User: { Errors: [], ObjectID: 7, DisplayName: 'Ada <b>Finch</b>' } };

let stub: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  stub = await startStubProvider();
  started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '400' });
  visitor = new Visitor();
  stub.answers.set(TOKEN_PATH, json(ANSWER));
  stub.answers.set(USER_PATH, json(ME));
});
afterEach(async () => {
  await closeAll();
  await stub.close();
});

function found(text: string, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => text.includes(secret));
}

async function pageAfterSignIn() {
  await comeBack(visitor, started, 'rally');
  return openWalkthrough(visitor, started);
}

describe('GET /walkthrough, after a provider', () => {
  test('sent HTML in its headers, its body and its redirect: it is text', async () => {
    const html = '<img src=x onerror=alert(1)>';
    stub.answers.set(TOKEN_PATH, respond(200, html, `${html}</pre><script>`, { 'X-Odd': html }));
    const { location } = await visitor.visit(`${started.url}/login/rally`);
    const query = new URLSearchParams({
      code: 'a-code-of-the-stub',
      state: location.searchParams.get('state') ?? '',
      [html]: html,
    });
    await visitor.visit(`${started.url}/oauth-redirect?${query.toString()}`);
    const page = await openWalkthrough(visitor, started);

    expect(page.$('img')).toHaveLength(0);
    expect(page.$('main script')).toHaveLength(0);
    expect(wireOf(page, 'rally-token-response')).toContain(`${html}</pre><script>`);
    expect(parametersOf(page, 'rally-authorization-response').get(html)?.value).toBe(html);
  });

  test('repeated our secrets and its own wherever it could: they are masked', async () => {
    const form = (secret: string) => new URLSearchParams({ x: secret }).toString().slice(2);
    const said = SECRETS.map((secret) => `${secret} ${form(secret)}`).join(' and ');
    stub.answers.set(TOKEN_PATH, (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('X-Said', said).setHeader('X-Token', TOKEN);
      response.setHeader('Set-Cookie', ['a=first-of-the-stub; Path=/', 'b=second-of-the-stub']);
      response.end(JSON.stringify({ ...ANSWER, said }));
    });
    stub.answers.set(USER_PATH, json({ ...ME, said }));
    const page = await pageAfterSignIn();

    expect(stepsOn(page, 'rally')).toContain('who-am-i');
    expect(wireOf(page, 'rally-token-response')).toContain('set-cookie: a=…; Path=/');
    expect(found(page.text, [...SECRETS, ...SECRETS.map(form), 'of-the-stub'])).toEqual([]);
  });

  test('redirected the token request with our secret in its address: it is masked', async () => {
    stub.answers.set(TOKEN_PATH, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      const asked = stub.received.at(-1)?.body ?? body;
      response.writeHead(302, { Location: `https://elsewhere.example/?${asked}` }).end();
    });
    const page = await pageAfterSignIn();

    expect(wireOf(page, 'rally-token-response')).toMatch(
      /^HTTP\/1.1 302 Found\nlocation: https:\/\/elsewhere.example\/\?grant_type=/,
    );
    expect(found(page.text, SECRETS)).toEqual([]);
  });

  test('sent very much: little of it is kept, and no half of a token', async () => {
    const token = 'k'.repeat(60) + '1';
    const filler = `code=${'a1'.repeat(100)} `.repeat(19); // masked it is short
    stub.answers.set(
      TOKEN_PATH,
      respond(400, 'text/plain', `${filler.padEnd(3_970, ' ')}${token}${'x '.repeat(200_000)}`),
    );
    const page = await pageAfterSignIn();

    expect(wireOf(page, 'rally-token-response')).toContain('[the rest is not kept]');
    expect(found(page.text, ['kkkkkkkk'])).toEqual([]);
    expect(page.text.length).toBeLessThan(80_000);
  });

  test.each([
    ['never answered', hang, 'no whole answer in time'],
    ['cut the connection', reset, 'the connection broke'],
  ])('%s: that is said in the place of an answer', async (_what, answer, words) => {
    stub.answers.set(TOKEN_PATH, answer);
    const page = await pageAfterSignIn();

    expect(stepsOn(page, 'rally').at(-1)).toBe('token-response');
    expect(wireOf(page, 'rally-token-response')).toContain(words);
    expect(page.$('#rally-token-response .failed').text()).toContain('Expected was');
  });

  test('did not say who signed in: the sign-in stands, and its answer is shown', async () => {
    stub.answers.set(USER_PATH, respond(500, 'text/html', '<h1>Oops</h1>'));
    const page = await pageAfterSignIn();

    expect(page.$('section[aria-labelledby=rally] .summary').text()).toContain('Signed in');
    expect(wireOf(page, 'rally-who-am-i')).toContain('<h1>Oops</h1>');
    expect(page.$('#rally-who-am-i .none').text()).toContain('The sign-in stands');
  });

  test('refused a refresh: the answer is shown, and the connection is forgotten', async () => {
    await comeBack(visitor, started, 'rally');
    stub.answers.set('/slm/webservice/v2.0/hierarchicalrequirement', respond(401, 'text/html', ''));
    stub.answers.set(TOKEN_PATH, json({ error: 'invalid_grant' }, 400));
    const error = await visitor.visit(`${started.url}/rally`);
    const page = await openWalkthrough(visitor, started);

    expect(error.$('a[href="/walkthrough#rally-failed-page"]')).toHaveLength(1);
    expect(wireOf(page, 'rally-failed-page')).toContain('invalid_grant');
    expect(found(page.text, [REFRESH])).toEqual([]);
  });
});
