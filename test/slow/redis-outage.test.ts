// Redis is killed or hangs while a token is refreshed, with two processes on it. The old refresh token
// is used up by then: losing the new one costs the user a new sign-in. ../two-processes.test.ts restarts
// a Redis of which nothing is asked at that moment.
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { Cable } from '../support/cable.js';
import { signIn, tokenRequests } from '../support/dance.js';
import { endRuns, freePort, printed, run } from '../support/process.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { closeAll, start, type Started } from '../support/start.js';
import { TwoProcesses, type Browser } from '../support/two-processes.js';
import { until } from '../support/until.js';
import { Visitor } from '../support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(90_000); // processes start, and locks are waited for

describeWithRedis('a Redis', () => {
  let two: TwoProcesses;
  let browser: Browser;

  beforeAll(async () => {
    two = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '4000' });
  });
  beforeEach(async () => {
    await two.reset();
    browser = await two.signIn();
  });
  afterAll(async () => {
    const { haveEnded, errors } = two;
    await two.close();

    expect(haveEnded).toBe(false);
    expect(errors).toBe('');
  });

  test('that is restarted while a token is renewed is given the new one', async () => {
    const statuses = await whileATokenIsRenewed(async () => {
      await two.redis.kill();
      await two.redis.start();
    });

    expect(statuses).toContain(200);
    await theNewTokenIsKept();
  });

  test('that comes back only after the token was renewed is given it even then', async () => {
    const statuses = await whileATokenIsRenewed(async () => {
      await two.redis.kill();
      await until(() => two.tokenAnswers === 2);
      // All others are told at once.
      expect(await browser.askAtOnce('/rally', 2)).toEqual([503, 503]);
      await two.redis.start();
    });

    expect(statuses).toContain(200);
    await theNewTokenIsKept();
  });

  test('that hangs while a token is renewed, and goes on, is given the new one', async () => {
    const statuses = await whileATokenIsRenewed(async () => {
      two.redis.signal('SIGSTOP');
      await until(() => two.tokenAnswers === 2);
      // Each takes as long as a command may: meanwhile the app tried to write the new token.
      for (const process of [0, 1] as const) {
        expect((await browser.ask(process, '/rally')).status).toBe(503);
      }
      two.redis.signal('SIGCONT');
    });

    expect(statuses).toContain(200);
    await theNewTokenIsKept();
  });

  test('that stays away costs the new token, and the person connects again', async () => {
    const statuses = await whileATokenIsRenewed(() => two.redis.kill());
    expect(new Set(statuses)).toEqual(new Set([503]));
    await two.redis.start();
    await two.areReady();

    const page = await browser.ask(0, '/rally');
    expect(page.status).toBe(401);
    expect(page.text).toContain('Connect to Rally');
    const again = await two.signIn();
    expect(await again.askAtOnce('/rally', 2)).toEqual([200, 200]);
  });

  /** Asks both processes for pages. One of them has requested a new token, which takes a second. */
  async function whileATokenIsRenewed(happens: () => Promise<void>): Promise<readonly number[]> {
    two.expireAccessTokens();
    two.switchOn('token-slow', 1);
    const asked = browser.askAtOnce('/rally', 10);
    await until(() => two.tokenRequests === 2);
    await happens();
    const statuses = await asked;
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    return statuses;
  }

  async function theNewTokenIsKept(): Promise<void> {
    await two.areReady();
    expect(await browser.askAtOnce('/rally', 10)).toEqual(Array(10).fill(200));
    expect(two.tokenRequests).toBe(2);
  }
});

describeWithRedis('sessions in Redis', () => {
  describe('over a connection that goes dead without a word', () => {
    let redis: RedisServer;
    let cable: Cable;
    let far: Started;
    let visitor: Visitor;

    beforeEach(async () => {
      redis = await RedisServer.start();
      cable = await Cable.to(redis.port);
      far = await start({
        environment: {
          REDIS_URL: cable.url,
          SESSION_SECRET: 'a secret of the tests, of thirty-two characters or more',
          UPSTREAM_TIMEOUT_MS: '25000', // a lock that is left behind is so for the whole test
        },
      });
      visitor = new Visitor();
      await signIn(visitor, far, 'rally');
    });
    afterEach(async () => {
      await closeAll();
      await cable.close();
      await redis.close();
    });

    test('are found again over another one', async () => {
      cable.freeze();
      expect((await visitor.visit(`${far.url}/rally`)).status).toBe(503);

      await until(async () => (await visitor.visit(`${far.url}/readyz`)).status === 200);
      expect((await visitor.visit(`${far.url}/rally`)).status).toBe(200);
    });

    test('keep a new token, also when the answer to its writing was lost', async () => {
      far.sandbox.world.rally.grants.expireAccessTokens();
      cable.freezeAfter(/SET\r\n\$\d+\r\n[^:]+:session:/);

      expect((await visitor.visit(`${far.url}/rally`)).status).toBe(200);
      expect(tokenRequests(far)).toBe(2);
    });

    test('are locked by nobody who does not know it', async () => {
      far.sandbox.world.rally.grants.expireAccessTokens();
      cable.freezeAfter(/:lock:refresh:/);
      expect((await visitor.visit(`${far.url}/rally`)).status).toBe(503);

      await until(async () => (await visitor.visit(`${far.url}/readyz`)).status === 200);
      expect((await visitor.visit(`${far.url}/rally`)).status).toBe(200);
    });
  });
});

describeWithRedis('an app that is started before its Redis', () => {
  test('says so in one line, prints no stack, and works when Redis is there', async () => {
    const redis = await RedisServer.start();
    await redis.kill();
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const server = run('dist/server.js', {
      PORT: String(port),
      SANDBOX_PORT: String(await freePort()),
      REDIS_URL: redis.url,
      SESSION_SECRET: 'a secret of the tests, of thirty-two characters or more',
      LOG_LEVEL: 'info',
    });
    await printed(server, 'a person who may view no pipeline');
    const login = async () => (await fetch(`${url}/login/rally`, { redirect: 'manual' })).status;
    const health = async (path: string) => (await fetch(url + path)).status;
    expect([await login(), await login()]).toEqual([503, 503]);
    expect([await health('/healthz'), await health('/readyz')]).toEqual([200, 503]);
    await redis.start();
    await until(async () => (await health('/readyz')) === 200);
    const page = await signIn(new Visitor(), { url }, 'rally');
    await endRuns();
    await redis.close();

    expect(page.$('h1').text()).toBe('Stories of Ada Finch');
    expect(server.output().match(/.*Redis is away.*/g)).toEqual([
      expect.stringMatching(/ECONNREFUSED.*check REDIS_URL/),
    ]);
    expect(server.output().match(/Redis is back/g)).toHaveLength(1);
    expect(server.output()).not.toMatch(/rate limit|^ +at /m);
  });
});
