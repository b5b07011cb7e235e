// What arrives on connections and is no request, or a very odd one; and connections that are held
// open by whoever wants nobody else to get one.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import supertest from 'supertest';
import { UpstreamError } from '../src/http/upstream-error.js';
import { createProviderClient, Upstream } from '../src/http/upstream.js';
import { createHttpServer, PATIENCE } from '../src/http-server.js';
import { createLog } from '../src/log.js';
import { closeConnections, connectTo, PROVIDERS } from './support/refreshing.js';
import { start, type Started } from './support/start.js';
import { beginOn, exchange, hangUpAll, whole } from './support/wire.js';

const [RALLY] = PROVIDERS;

let started: Started;

beforeAll(async () => {
  started = await start();
});
beforeEach(() => {
  started.log.length = 0;
});
afterEach(hangUpAll);
afterAll(closeConnections);

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

// Node keeps the answers to pipelined requests in line, and closes only the one whose turn it is.
describe('several requests on one connection', () => {
  test('are all given up when their browser leaves, and each has its line in the log', async () => {
    const { started } = await leaveAll('/rally', '/rally?page=2', '/rally/export.csv');

    const lines = started.log.filter((line) => line.includes('"aborted":true'));
    expect(lines).toHaveLength(3);
    expect(started.log.join('')).not.toContain('"level":"error"');
  });

  test('are no exports any more when their browser has left: it may begin four others', async () => {
    const exports = Array.from({ length: 4 }, () => '/rally/export.csv');
    const { started, stub, cookie } = await leaveAll('/rally', ...exports);
    stub.answers.set(RALLY.apiPath, RALLY.data);
    const answer = await fetch(`${started.url}/rally/export.csv`, { headers: { cookie } });

    expect(answer.status).toBe(200);
  });
});

describe('a request on a connection that another one has', () => {
  test('is known to be of nobody, although that is asked only when its browser has left', async () => {
    const waiting: { response: ServerResponse; goOn: () => void }[] = [];
    const client = createProviderClient(1_000, () => undefined);
    const outcomes: unknown[] = [];
    const { server } = createHttpServer(createLog('silent'));
    const app = express();
    app.use(async (_request, response) => {
      const upstream = new Upstream(client, response);
      await new Promise<void>((goOn) => waiting.push({ response, goOn }));
      outcomes.push(await upstream.get(new URL('http://localhost:9/'), {}).catch(failureOf));
    });
    server.on('request', app);
    await once(server.listen(0), 'listening');
    const { port } = server.address() as AddressInfo;
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const browser = await beginOn(`http://localhost:${port}`, request.repeat(2));
    while (waiting.length < 2) await nextTurn();
    browser.destroy();
    while (!waiting.every(({ response }) => response.destroyed)) await nextTurn();
    for (const { goOn } of waiting) goOn();
    while (outcomes.length < 2) await nextTurn();
    server.close();

    expect(outcomes).toEqual(['cancelled', 'cancelled']);
  });
});

function failureOf(error: unknown): unknown {
  return error instanceof UpstreamError ? error.failure : error;
}

/** A person's browser asks for all these, and leaves when Rally has been asked, too. Ends when none is asked any more. */
async function leaveAll(...paths: string[]) {
  // Longer than this test may take: no time limit ends what was asked of Rally.
  const person = await connectTo(RALLY, undefined, { UPSTREAM_TIMEOUT_MS: '25000' });
  const held: ServerResponse[] = [];
  const all = new Promise<void>((resolve) => {
    person.stub.answers.set(RALLY.apiPath, (_request, response) => {
      if (held.push(response) === paths.length) resolve();
    });
  });
  const requests = paths.map(
    (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${person.cookie}\r\n\r\n`,
  );
  const browser = await beginOn(person.started.url, requests.join(''));
  await all;
  const closed = held.map((response) => once(response, 'close'));
  browser.destroy();
  await Promise.all(closed);
  return person;
}
