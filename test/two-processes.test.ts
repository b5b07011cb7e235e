// Two processes of the app on one Redis, as behind Heroku's router: whatever one of them began, the
// other goes on with, and a token is renewed once.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../src/sandbox/sandbox.js';
import { freePort, settingsFor, startAppProcess, type AppProcess } from './support/app-process.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { stop } from './support/start.js';
import { Visitor } from './support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(90_000); // processes start, and four hundred pages are asked for

const SESSION_SECRET = 'a secret that both processes know, of 32 characters or more';

describeWithRedis('two processes on one Redis', () => {
  let redis: RedisServer;
  let sandbox: Sandbox;
  let ports: readonly [number, number];
  let apps: AppProcess[];
  let environment: Record<string, string>;

  beforeEach(async () => {
    redis = await RedisServer.start();
    ports = [await freePort(), await freePort()];
    // One public address: the router in front of both.
    const SERVER_URL = `http://localhost:${ports[0]}`;
    sandbox = await startSandbox(
      { port: 0, stories: 20, pipelines: 2, latencyMs: 0 },
      { rally: `${SERVER_URL}/oauth-redirect`, gocd: `${SERVER_URL}/oauth-redirect/gocd` },
    );
    environment = {
      ...settingsFor(sandbox),
      SERVER_URL,
      SESSION_SECRET,
      REDIS_URL: redis.url,
      RATE_LIMIT_PER_MINUTE: '0',
      UPSTREAM_TIMEOUT_MS: '4000', // and so the lock of a killed process ends after seven seconds
    };
    apps = await Promise.all(ports.map((port) => startAppProcess(port, environment)));
  });
  afterEach(async () => {
    await Promise.all(apps.map(({ kill }) => kill()));
    await stop(sandbox.server);
    await redis.close();
  });

  test('a sign-in works with every request going to the other process', async () => {
    const browser = new Browser();
    const [page] = await signIn(browser, 0);

    expect(page).toContain('Stories of Ada Finch');
    expect(browser.asked).toEqual([0, 1, 0]);
  });

  test('a sign-in works across a restart of both processes', async () => {
    const browser = new Browser();
    const toProvider = await browser.ask(0, '/login/rally');
    const back = await allow(toProvider.headers.get('location') ?? '');
    await Promise.all(apps.map(({ kill }) => kill()));
    apps = await Promise.all(ports.map((port) => startAppProcess(port, environment)));

    expect((await browser.ask(1, back)).status).toBe(303);
    expect(await (await browser.ask(0, '/rally')).text()).toContain('Stories of Ada Finch');
  });

  test('200 requests at once over both, when the token has expired, make one refresh', async () => {
    const browser = new Browser();
    await signIn(browser, 0);
    for (let round = 1; round <= 2; round++) {
      sandbox.world.rally.grants.expireAccessTokens();
      sandbox.world.received.clear();
      const statuses = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const answer = await browser.ask(index % 2, '/rally');
          await answer.text();
          return answer.status;
        }),
      );

      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(tokenRequests()).toBe(1);
    }
  });

  test('the same with a refresh that takes its time', async () => {
    const browser = new Browser();
    await signIn(browser, 0);
    sandbox.world.rally.grants.expireAccessTokens();
    switchOn('token-slow', 2);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => browser.ask(index % 2, '/rally')),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(tokenRequests()).toBe(2);
  });

  test('a process that is killed while it refreshes locks nobody out', async () => {
    const browser = new Browser();
    await signIn(browser, 0);
    sandbox.world.rally.grants.expireAccessTokens();
    switchOn('token-hanging', 0);
    const asked = browser.ask(0, '/rally').catch(() => undefined);
    await until(() => tokenRequests() === 2);
    await apps[0]?.kill();
    await asked;
    sandbox.world.failures.switchOff();

    // The lock ends by itself; nobody had used the refresh token, so it is still good.
    expect((await browser.ask(1, '/rally')).status).toBe(200);
    expect(tokenRequests()).toBe(3);
  });

  test('a Redis that is restarted signs nobody out', async () => {
    const browser = new Browser();
    await signIn(browser, 0);
    await redis.kill();
    expect((await browser.ask(0, '/rally')).status).toBe(503);
    await redis.start();
    await until(async () => (await browser.ask(0, '/readyz')).status === 200);
    await until(async () => (await browser.ask(1, '/readyz')).status === 200);

    expect((await browser.ask(0, '/rally')).status).toBe(200);
    expect((await browser.ask(1, '/rally')).status).toBe(200);
  });

  /** A browser whose requests the router sends to one process or the other. */
  class Browser {
    readonly asked: number[] = [];
    private cookie = '';

    async ask(process: number, path: string): Promise<Response> {
      this.asked.push(process);
      const url = new URL(path, 'http://localhost');
      const answer = await fetch(
        `http://127.0.0.1:${ports[process] ?? 0}${url.pathname}${url.search}`,
        { headers: { Cookie: this.cookie }, redirect: 'manual' },
      );
      const [set] = answer.headers.getSetCookie();
      if (set !== undefined) this.cookie = set.split(';')[0] ?? '';
      return answer;
    }
  }

  async function signIn(browser: Browser, first: 0 | 1): Promise<string[]> {
    const toProvider = await browser.ask(first, '/login/rally');
    const back = await allow(toProvider.headers.get('location') ?? '');
    const done = await browser.ask(1 - first, back);
    expect(done.status).toBe(303);
    return [await (await browser.ask(first, '/rally')).text()];
  }

  /** At the provider: the person logs in and allows. */
  async function allow(url: string): Promise<string> {
    const visitor = new Visitor();
    const login = await visitor.browse(url);
    const fields = { username: 'ada@example.test', password: 'sandbox' };
    const consent = await visitor.visit((await visitor.submit(login, 'form', fields)).location);
    return (await visitor.submit(consent, 'form', { decision: 'allow' })).location.href;
  }

  /** The sign-in makes one, and each refresh another. */
  function tokenRequests(): number {
    const { all } = sandbox.world.received;
    return all.filter(({ path }) => path === '/login/oauth2/token').length;
  }

  function switchOn(name: string, seconds: number): void {
    const all = { times: undefined, client: undefined, provider: undefined };
    sandbox.world.failures.switchOn({ ...all, name, seconds });
  }
});

/** Waits for something that another process does, as long as the test may take. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
