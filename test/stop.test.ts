// How the process ends: in good order on a signal, and with a code of its own after a fault. It is the
// compiled one, as Foreman and Heroku run it.
import { Agent, get } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { endRuns, freePort, printed, run as runProgram, type Run } from './support/process.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  type StubProvider,
} from './support/stub-provider.js';
import { Visitor } from './support/visitor.js';
import { beginOn, hangUpAll } from './support/wire.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const testWithRedis = findRedisServer() ? test : test.skip;

const TOKEN = '/login/oauth2/token';
const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';
const EMPTY = json({
  QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] },
});
const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99';
const CUT = 'their time is over';

let stub: StubProvider;
let url: string;

beforeEach(async () => {
  stub = await startStubProvider();
  stub.answers.set(TOKEN, json({ access_token: 'the-token-of-the-stub-1' }));
  stub.answers.set(
    '/slm/webservice/v2.0/user',
    json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
  );
});
afterEach(async () => {
  hangUpAll();
  await endRuns();
  await stub.close();
});

async function run(environment: Record<string, string> = {}): Promise<Run> {
  const port = await freePort();
  url = `http://localhost:${port}`;
  const server = runProgram('dist/server.js', {
    PORT: String(port),
    LOG_LEVEL: 'info',
    RALLY_SERVER: stub.url,
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    ...environment,
  });
  await printed(server, 'The app is at');
  return server;
}

/** Makes the process do something of the test's own when it gets a signal. */
function doing(signal: NodeJS.Signals, code: string): Record<string, string> {
  const script = `process.on('${signal}', () => { ${code} });`;
  // In base64: the address of the module stands in stacks, and what it does would stand there, too.
  const module = `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`;
  return { NODE_OPTIONS: `--import=${module}` };
}

interface InFlight {
  readonly page: Promise<Response>;
  /** Lets the provider answer. */
  readonly answerNow: () => void;
  readonly browser: AbortController;
  readonly cookie: string;
}

/** Somebody signs in and asks for a page; the provider answers at `path` when the test says so. */
async function pageInFlight(path = STORIES, answer = EMPTY): Promise<InFlight> {
  const signedIn = await comeBack(new Visitor(), { url }, 'rally');
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  const arrived = new Promise<() => void>((resolve) => {
    stub.answers.set(path, (request, response) => {
      resolve(() => {
        answer(request, response);
      });
    });
  });
  const browser = new AbortController();
  const page = fetch(`${url}/rally`, { headers: { Cookie: cookie }, signal: browser.signal });
  return { page, browser, cookie, answerNow: await arrived };
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a request in flight finish, takes no new one, and exits 0', async () => {
    const server = await run();
    const { page, answerNow } = await pageInFlight();
    server.child.kill(signal);
    await printed(server, 'finishing what is in flight');
    await expect(supertest(url).get('/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    answerNow();

    expect((await page).status).toBe(200);
    expect((await page).headers.get('connection')).toBe('close');
    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
  });

  test('does not wait for connections that ask for nothing, or not to the end', async () => {
    const server = await run();
    await beginOn(url);
    await beginOn(url, 'GET / HTTP/1.1\r\nHost: half-a-req');
    await beginOn(url, `POST /logout HTTP/1.1\r\nHost: a\r\n${FORM}\r\n\r\nhalf-a-form`);
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => {
      get(`${url}/healthz`, { agent }, (answer) => answer.resume().once('end', resolve));
    });
    server.child.kill(signal);

    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
    agent.destroy();
  });

  test('that is repeated at once, as npm does, cuts nothing off', async () => {
    const server = await run(doing('SIGWINCH', "console.log('both are seen')"));
    const { page, answerNow } = await pageInFlight();
    server.child.kill(signal);
    await printed(server, 'finishing what is in flight');
    server.child.kill(signal);
    server.child.kill('SIGWINCH');
    await printed(server, 'both are seen');
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(0);
  });

  test('given again ends the process at once', async () => {
    const server = await run();
    const { page } = await pageInFlight();
    server.child.kill(signal);
    await printed(server, 'finishing what is in flight');
    const again = setInterval(() => server.child.kill(signal), 50);

    await expect(page).rejects.toThrow(/fetch failed/);
    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
    clearInterval(again);
  });
});

describe('SIGTERM', () => {
  test('ends the process in time though a provider hangs', async () => {
    const server = await run({ UPSTREAM_TIMEOUT_MS: '25000' });
    const { page } = await pageInFlight();
    server.child.kill('SIGTERM');

    await expect(page).rejects.toThrow(/fetch failed/);
    expect(await server.exit).toBe(0);
    expect(server.output()).toContain(CUT);
  });

  testWithRedis('loses no refresh token whose browser has left', async () => {
    const redis = await RedisServer.start();
    const environment = { REDIS_URL: redis.url, SESSION_SECRET };
    const server = await run(environment);
    stub.answers.set(
      TOKEN,
      json({ access_token: 'the-token-of-the-stub-1', refresh_token: 'the-refresh-token-1' }),
    );
    stub.answers.set(STORIES, respond(401, 'text/html', 'ended'));
    const renewed = json({ access_token: 'the-token-of-the-stub-2' });
    const { page, browser, cookie, answerNow } = await pageInFlight(TOKEN, renewed);
    browser.abort();
    await expect(page).rejects.toThrow(/abort/);
    server.child.kill('SIGTERM');
    await printed(server, 'finishing what is in flight');
    answerNow();
    expect(await server.exit).toBe(0);

    stub.answers.set(STORIES, EMPTY);
    await run(environment);
    const later = await fetch(`${url}/rally`, { headers: { Cookie: cookie } });
    expect(later.status).toBe(200);
    expect(stub.received.at(-1)?.headers['zsessionid']).toBe('the-token-of-the-stub-2');
    await redis.close();
  });

  testWithRedis.each(['away', 'hanging'])('is obeyed while Redis is %s', async (how) => {
    const redis = await RedisServer.start();
    const server = await run({ REDIS_URL: redis.url, SESSION_SECRET });
    await comeBack(new Visitor(), { url }, 'rally');
    if (how === 'away') await redis.kill();
    else redis.signal('SIGSTOP');
    server.child.kill('SIGTERM');

    expect(await server.exit).toBe(0);
    await redis.close();
  });
});

describe('a fault that nobody caught', () => {
  const SECRET = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';
  const withSecret = `Object.assign(new Error('client_secret=${SECRET}'), { config: { data: '${SECRET}' } })`;

  test.each([
    ['a rejection', `void Promise.reject(${withSecret});`],
    ['an exception', `throw ${withSecret};`],
    ['a rejection without an error', `void Promise.reject('${SECRET}');`],
  ])('%s is logged without a secret, and ends the process with 1', async (_what, fault) => {
    const server = await run(doing('SIGUSR2', fault));
    const { page, answerNow } = await pageInFlight();
    server.child.kill('SIGUSR2');
    await printed(server, 'a fault that nobody caught');
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(1);
    expect(server.output()).not.toContain(SECRET);
    expect(server.output()).toContain('"level":"fatal"');
  });
});
