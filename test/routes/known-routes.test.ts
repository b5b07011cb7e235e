import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { closeAll, start, type Started } from '../support/start.js';
import { comeBack, json, startStubProvider, startWithStub } from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

let started: Started;

beforeAll(async () => {
  started = await start();
});
afterAll(closeAll);

describe('any path', () => {
  test.each([
    '/nothing',
    '/login/__proto__',
    '/login/constructor',
    '/src/app.ts',
    '/.env',
    '/%2e%2e/package.json',
  ])('%s that is none of ours is a 404 page', async (path) => {
    const answer = await supertest(started.url).get(path);

    expect(answer.status).toBe(404);
    expect(answer.text).toContain('No such page');
  });

  test.each([
    ['put', '/', 'GET, HEAD'],
    ['post', '/rally', 'GET, HEAD'],
    ['post', '/rally/export.csv', 'GET, HEAD'],
    ['delete', '/rally/export.json', 'GET, HEAD'],
    ['delete', '/logout', 'GET, HEAD, POST'],
    ['get', '/logout/rally', 'POST'],
    ['post', '/oauth-redirect', 'GET'],
    ['head', '/oauth-redirect/gocd', 'GET'],
    ['head', '/login', 'GET'],
    ['patch', '/healthz', 'GET, HEAD'],
    ['post', '/public/style.css', 'GET, HEAD'],
    ['options', '/public/style.css', 'GET, HEAD'],
  ] as const)('answers 405 to %s %s', async (method, path, allow) => {
    const answer = await supertest(started.url)[method](path);

    expect(answer.status).toBe(405);
    expect(answer.get('Allow')).toBe(allow);
  });

  test('answers 404 to another method on a file that is not there', async () => {
    expect((await supertest(started.url).post('/public/nothing.css')).status).toBe(404);
  });

  test('answers in JSON where the client asks for that, with the id that the log has', async () => {
    const { url, log } = started;
    const answer = await supertest(url).get('/rally').set('Accept', 'application/json');
    const body = answer.body as Record<string, string>;

    expect(answer.status).toBe(401);
    expect(body['error']).toBe('not_connected');
    expect(log.some((line) => line.includes(body['id'] ?? 'none'))).toBe(true);
  });

  test.each(['/', '/rally', '/nothing', '/healthz', '/public/style.css'])(
    '%s has the security headers',
    async (path) => {
      const { headers } = await supertest(started.url).get(path);

      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe-inline');
      expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
      expect(headers['referrer-policy']).toBe('same-origin');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers['strict-transport-security']).toBeUndefined();
    },
  );

  test('tells browsers to stay with https where SERVER_URL is https', async () => {
    const { url } = await start({ environment: { SERVER_URL: 'https://app.example' } });

    expect((await supertest(url).get('/')).headers['strict-transport-security']).toMatch(/max-age/);
  });

  test.each([
    ['a malformed cookie', { Cookie: 'sid=s%3Amade-up.signature; %; =' }],
    ['a made-up session id', { Cookie: 'sid=made-up' }],
  ])('with %s is answered as if it had none', async (_what, headers) => {
    const answer = await supertest(started.url).get('/rally').set(headers);

    expect(answer.status).toBe(401);
  });

  test.each([
    ['a form that is too large', `csrf_token=${'x'.repeat(20_000)}`, 413],
    ['too many fields', 'a=1&'.repeat(100), 413],
  ])('answers 4xx to %s', async (_what, body, status) => {
    const answer = await supertest(started.url).post('/logout').type('form').send(body);

    expect(answer.status).toBe(status);
  });
});

describe('GET /healthz and /readyz', () => {
  test.each(['/healthz', '/readyz'])('%s answers 200 without a session', async (path) => {
    const answer = await supertest(started.url).get(path);

    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('are answered while two hundred pages wait for a provider that hangs', async () => {
    const stub = await startStubProvider();
    const { url } = await startWithStub(stub);
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    const signedIn = await comeBack(new Visitor(), { url }, 'rally');
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const browser = new AbortController();
    const arrived = new Promise<void>((resolve) => {
      let waiting = 0;
      stub.answers.set('/slm/webservice/v2.0/user', () => {
        if (++waiting === 12) resolve(); // Rally lets one person ask no more at once
      });
    });
    const pages = Array.from({ length: 200 }, () =>
      fetch(`${url}/rally`, { headers: { Cookie: cookie }, signal: browser.signal }),
    );
    await arrived;

    expect((await supertest(url).get('/healthz')).status).toBe(200);
    expect((await supertest(url).get('/readyz')).status).toBe(200);
    browser.abort();
    await Promise.allSettled(pages);
    await stub.close();
  });
});

describe('static files', () => {
  test('may be kept by browsers, as pages may not', async () => {
    const file = await supertest(started.url).get('/public/style.css');
    const page = await supertest(started.url).get('/');

    expect(file.headers['cache-control']).toBe('public, max-age=3600');
    expect(page.headers['cache-control']).toBe('no-store');
  });
});
