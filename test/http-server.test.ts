// What arrives on connections and is no request, or a very odd one; and connections that are held
// open by whoever wants nobody else to get one.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { PATIENCE } from '../src/http-server.js';
import { closeAll, start, type Started } from './support/start.js';
import { beginOn, exchange, hangUpAll, whole } from './support/wire.js';

let started: Started;

beforeEach(async () => {
  started = await start();
});
afterEach(async () => {
  hangUpAll();
  await closeAll();
});

/** A request, with the headers that it needs and no more than these lines. */
const lines = (...all: string[]) => [...all, 'Connection: close', '', ''].join('\r\n');
const get = (target: string, ...headers: string[]) =>
  lines(`GET ${target} HTTP/1.1`, 'Host: x', ...headers);
const post = (body: string, ...headers: string[]) =>
  lines('POST /logout HTTP/1.1', 'Host: x', `Content-Length: ${body.length}`, ...headers) + body;
const FORM = 'Content-Type: application/x-www-form-urlencoded';

describe('what is no request', () => {
  test.each([
    ['bytes of TLS', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n', 400],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['an unknown method', lines('FOO / HTTP/1.1', 'Host: x'), 400],
    ['a NUL in a header', get('/', 'X: a\0b'), 400],
    ['a target without a slash', get('rally'), 400],
    [
      'two lengths',
      lines('POST /logout HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'),
      400,
    ],
    ['a length and chunks', post('a', 'Transfer-Encoding: chunked'), 400],
    [
      'a malformed chunk',
      `${lines('POST /logout HTTP/1.1', 'Host: x', FORM, 'Transfer-Encoding: chunked')}zz\r\n`,
      400,
    ],
    ['a cookie of 20 kB', get('/', `Cookie: sid=${'x'.repeat(20_000)}`), 431],
    ['very many headers', get('/', ...Array.from({ length: 3000 }, (_, i) => `X-${i}: 1`)), 431],
    ['an address of 20 kB', get(`/${'x'.repeat(20_000)}`), 431],
    ['CONNECT', lines('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example:443'), 405],
  ])('%s is refused in words', async (_what, bytes, status) => {
    const answer = await exchange(started.url, bytes);
    const [head, words] = answer.split('\r\n\r\n');

    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('Cache-Control: no-store');
    expect(words).toMatch(/^[A-Z].+\.\n$/);
    expect((await supertest(started.url).get('/healthz')).status).toBe(200);
  });

  test('says which header was too large by telling of cookies, and the log has it', async () => {
    const answer = await exchange(started.url, get('/', `Cookie: sid=${'x'.repeat(20_000)}`));

    expect(answer).toContain('delete the cookies');
    expect(started.log.join()).toContain('"status":431');
    expect(started.log.join()).not.toContain('xxxx');
  });
});

describe('an odd request', () => {
  test.each([
    ['bad percent-encoding', get('/%'), 404],
    ['half a character', get('/login/%ff'), 404],
    ['a NUL in the name of a file', get('/public/%00'), 404],
    ['bad percent-encoding in a query', get('/login?return_to=%&%=%ff'), 400],
    ['a whole URL', get('http://evil.example/rally'), 401],
    ['a whole URL without a path', get('http://evil.example'), 200],
    ['a whole URL that is none', get('http://[::1/'), 404],
    ['a URL of another kind', get('foo://['), 404],
    ['two slashes', get('//evil.example/'), 404],
    ['an asterisk', lines('OPTIONS * HTTP/1.1', 'Host: x'), 404],
    ['TRACE', lines('TRACE / HTTP/1.1', 'Host: x'), 405],
    ['an upgrade', lines('GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket'), 200],
    [
      'an upgrade to HTTP/2',
      lines('GET / HTTP/1.1', 'Host: x', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      200,
    ],
    ['an expectation that nobody knows', get('/', 'Expect: magic'), 200],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 200],
    ['a form in an unknown encoding', post('a=b', FORM, 'Content-Encoding: magic'), 415],
    ['a form that is not gzip', post('a=b', FORM, 'Content-Encoding: gzip'), 400],
    ['a form in an unknown character set', post('a=b', `${FORM}; charset=utf-7`), 415],
    ['a type that is none', post('a=b', 'Content-Type: ;;;'), 403],
    ['a form of 20 kB', post('x'.repeat(20_000), FORM), 413],
    ['cookies that are none', get('/rally', 'Cookie: sid=%E0%A4%A; sid=s:%; __proto__=1; ;='), 401],
    ['a taste for pictures', get('/rally', 'Accept: image/png'), 401],
    ['a range past the end', get('/public/style.css', 'Range: bytes=999999-'), 416],
  ])('with %s is answered with a page', async (_what, bytes, status) => {
    const [head, page] = (await exchange(started.url, bytes)).split('\r\n\r\n');

    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain("default-src 'none';script-src 'self';");
    expect(page).toContain(status === 200 ? 'Connect to Rally' : '<h2>What to do</h2>');
  });
});

describe('slowloris', () => {
  const MANY = 300;
  const HALF_A_HEAD = 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ';
  const HALF_A_FORM = `POST /logout HTTP/1.1\r\nHost: x\r\n${FORM}\r\nContent-Length: 100\r\n\r\ncsrf`;

  test.each([
    ['say nothing', ''],
    ['send half a head', HALF_A_HEAD],
    ['send half a form', HALF_A_FORM],
  ])('of many connections that %s leaves the others served', async (_what, bytes) => {
    await Promise.all(Array.from({ length: MANY }, () => beginOn(started.url, bytes)));

    expect((await supertest(started.url).get('/healthz')).status).toBe(200);
    expect((await supertest(started.url).get('/login/rally')).status).toBe(302);
  });

  test.each([
    ['says nothing', ''],
    ['sends half a head', HALF_A_HEAD],
    ['sends half a form', HALF_A_FORM],
  ])('is told that it took too long when it %s', async (_what, bytes) => {
    const patience = { ...PATIENCE, headersTimeout: 50, requestTimeout: 60 };
    const hasty = await start({ patience: { ...patience, connectionsCheckingInterval: 10 } });
    const answer = await whole(await beginOn(hasty.url, bytes));

    expect(answer).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
    expect(answer).toContain('did not arrive in time');
  });

  test('has less than half a minute, and routers keep their connections', () => {
    expect(PATIENCE.headersTimeout).toBeLessThanOrEqual(PATIENCE.requestTimeout);
    expect(PATIENCE.requestTimeout + PATIENCE.connectionsCheckingInterval).toBeLessThan(30_000);
    expect(PATIENCE.keepAliveTimeout).toBeGreaterThan(90_000);
  });
});

test('a client that goes away in the middle of its form is no fault of the app', async () => {
  const bytes = `POST /logout HTTP/1.1\r\nHost: x\r\n${FORM}\r\nContent-Length: 100\r\n\r\ncsrf`;
  (await beginOn(started.url, bytes)).resetAndDestroy();
  while (!started.log.some((line) => line.includes('/logout'))) await nextTurn();

  expect(started.log.join()).not.toContain('"level":"error"');
  expect((await supertest(started.url).get('/healthz')).status).toBe(200);
});
