// SECURITY.md, C: a new token for the refresh token.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { letAllBeWell, PROVIDERS } from '../support/both-providers.js';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

const FIRST = { access_token: 'access-token-1', refresh_token: 'refresh-token-1', expires_in: 600 };
const SECOND = {
  access_token: 'access-token-2',
  refresh_token: 'refresh-token-2',
  expires_in: 600,
};

let stub: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  stub = await startStubProvider();
  letAllBeWell(stub);
  started = await startWithStub(stub);
  visitor = new Visitor();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await stub.close();
});

describe.each(PROVIDERS)('$name', ({ provider, name, other, tokenPath, dataPath }) => {
  const visit = () => visitor.visit(`${started.url}/${provider}`);

  const refreshes = () =>
    stub.received
      .filter(({ line, body }) => line === `POST ${tokenPath}` && body.includes('refresh_token='))
      .map(({ body }) => new URLSearchParams(body).get('refresh_token'));

  /** Both providers are connected, and this one's token, which lives ten minutes, has ended. */
  async function connectAndExpire(minutes = 11): Promise<void> {
    await comeBack(visitor, started, other);
    stub.answers.set(tokenPath, json(FIRST));
    await comeBack(visitor, started, provider);
    stub.answers.set(tokenPath, json(SECOND));
    minutesPass(minutes);
  }

  test('C1 an expired token is refreshed once, however many requests meet it (RFC 9700 §4.14; ASVS 15.4.1-3)', async () => {
    await connectAndExpire();
    const pages = await Promise.all(Array.from({ length: 20 }, visit));

    expect(pages.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(refreshes()).toEqual(['refresh-token-1']);
  });

  test('C2 a new refresh token replaces the old one, and without a new one the old is kept (RFC 6749 §6)', async () => {
    await connectAndExpire();
    await visit();
    stub.answers.set(tokenPath, json({ access_token: 'access-token-3', expires_in: 600 }));
    for (let times = 0; times < 2; times++) {
      minutesPass(11);
      expect((await visit()).status).toBe(200);
    }

    expect(refreshes()).toEqual(['refresh-token-1', 'refresh-token-2', 'refresh-token-2']);
    const sent = stub.received.at(-1)?.headers;
    expect(`${String(sent?.['zsessionid'])}${String(sent?.authorization)}`).toContain(
      'access-token-3',
    );
  });

  test.each([
    ['invalid_grant', json({ error: 'invalid_grant' }, 400)],
    ['Rally’s documented grant_type error', json({ error: 'invalid_grant', client_id: null }, 400)],
    ['invalid_client', json({ error: 'invalid_client' }, 401)],
    ['a success without a token', json({})],
  ])(
    'C3 a refresh refused by %s drops the token: connect again, and no loop (RFC 6749 §5.2)',
    async (_what, answer) => {
      await connectAndExpire();
      stub.answers.set(tokenPath, answer);
      const page = await visit();

      expect(page.status).toBe(401);
      expect(page.$('.button').attr('href')).toBe(`/login/${provider}?return_to=/${provider}`);
      expect(refreshes()).toHaveLength(1);
      stub.answers.set(tokenPath, json(SECOND));
      expect((await visit()).$('h1').text()).toBe(`Not connected to ${name}`);
      expect(refreshes()).toHaveLength(1);
      expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    },
  );

  test('C3 a new token that is refused, too, is not renewed once more (RFC 6749 §5.2)', async () => {
    await connectAndExpire();
    stub.answers.set(dataPath, respond(401, 'text/html', 'no'));

    expect((await visit()).status).toBe(401);
    expect((await visit()).$('h1').text()).toBe(`Not connected to ${name}`);
    expect(refreshes()).toEqual(['refresh-token-1']);
  });

  test('C4 while the provider cannot renew it, a token that still lives is used (ASVS 16.5.2)', async () => {
    await connectAndExpire(9.5);
    stub.answers.set(tokenPath, respond(500, 'text/html', 'no'));

    expect((await visit()).status).toBe(200);
    expect(refreshes()).toEqual(['refresh-token-1']);
  });

  test.each([
    ['500', respond(500, 'text/html', 'no'), 502],
    ['500 with an error in JSON', json({ error: 'Internal Server Error' }, 500), 502],
    ['503', respond(503, 'text/html', 'no'), 503],
    ['a web page', respond(200, 'text/html', '<h1>Down</h1>'), 502],
    ['a cut connection', reset, 502],
  ])(
    'C4 %s keeps the refresh token: nobody is signed out by a passing fault (ASVS 16.5.2)',
    async (_what, answer, status) => {
      await connectAndExpire();
      stub.answers.set(tokenPath, answer);
      expect((await visit()).status).toBe(status);

      stub.answers.set(tokenPath, json(SECOND));
      expect((await visit()).status).toBe(200);
      expect(refreshes()).toEqual(['refresh-token-1', 'refresh-token-1']);
    },
  );

  test.each(['/logout', `/logout/${provider}`])(
    'C5 a log-out by POST %s during a refresh wins (ASVS 7.4.1, 15.4.2)',
    async (path) => {
      await connectAndExpire();
      const from = path === '/logout' ? `${started.url}/logout` : started.url;
      const form = await visitor.visit(from);
      stub.received.length = 0;
      const refreshing = new Promise<() => void>((resolve) => {
        stub.answers.set(tokenPath, (request, response) => {
          resolve(() => {
            json(SECOND)(request, response);
          });
        });
      });
      const slow = visit();
      const answerNow = await refreshing;
      await visitor.submit(form, `form[action="${path}"]`);
      answerNow();

      expect((await slow).status).toBe(401);
      expect((await visit()).status).toBe(401);
      expect(stub.received.filter(({ line }) => line === `GET ${dataPath}`)).toEqual([]);
    },
  );
});

function minutesPass(minutes: number): void {
  const now = Date.now() + minutes * 60_000;
  jest.spyOn(Date, 'now').mockReturnValue(now);
}
