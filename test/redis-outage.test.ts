// Redis goes away, restarts or hangs while a token is renewed, with two processes on it. The old
// refresh token is spent by then: what is lost costs the person a new sign-in.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startAppProcess } from './support/app-process.js';
import { freePort } from './support/process.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { TwoProcesses, until, type Browser } from './support/two-processes.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(90_000); // processes start, and locks are waited for

describeWithRedis('a Redis', () => {
  let two: TwoProcesses;
  let browser: Browser;

  beforeEach(async () => {
    two = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '4000' });
    browser = await two.signIn();
  });
  afterEach(async () => {
    const { haveEnded, errors } = two;
    await two.close();

    expect(haveEnded).toBe(false);
    expect(errors).toBe('');
  });

  test('that is restarted signs nobody out', async () => {
    await two.redis.kill();
    expect((await browser.ask(0, '/rally')).status).toBe(503);
    await two.redis.start();
    await bothAreReady();

    expect(await browser.askAtOnce('/rally', 2)).toEqual([200, 200]);
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
      // Each takes as long as a command may: the new token was tried to be written meanwhile.
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
    await bothAreReady();

    const page = await browser.ask(0, '/rally');
    expect(page.status).toBe(401);
    expect(page.text).toContain('Connect to Rally');
    const again = await two.signIn();
    expect(await again.askAtOnce('/rally', 2)).toEqual([200, 200]);
  });

  /** Asks both processes for pages. One of them has asked for a new token, which takes two seconds. */
  async function whileATokenIsRenewed(happens: () => Promise<void>): Promise<readonly number[]> {
    two.expireAccessTokens();
    two.switchOn('token-slow', 2);
    const asked = browser.askAtOnce('/rally', 10);
    await until(() => two.tokenRequests === 2);
    await happens();
    const statuses = await asked;
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    return statuses;
  }

  async function theNewTokenIsKept(): Promise<void> {
    await bothAreReady();
    expect(await browser.askAtOnce('/rally', 10)).toEqual(Array(10).fill(200));
    expect(two.tokenRequests).toBe(2);
  }

  async function bothAreReady(): Promise<void> {
    for (const process of [0, 1] as const) {
      await until(async () => (await browser.ask(process, '/readyz')).status === 200);
    }
  }
});

describeWithRedis('an app that is started before its Redis', () => {
  test('says so in one line, prints no stack, and works when Redis is there', async () => {
    const redis = await RedisServer.start();
    await redis.kill();
    const [port, sandboxPort] = [await freePort(), await freePort()];
    const app = await startAppProcess(port, {
      REDIS_URL: redis.url,
      SANDBOX_PORT: String(sandboxPort),
      SESSION_SECRET: 'a secret of the tests of thirty-two characters or more',
      LOG_LEVEL: 'info',
    });
    const login = () => fetch(`${app.url}/login/rally`, { redirect: 'manual' });
    try {
      expect([(await login()).status, (await login()).status]).toEqual([503, 503]);
      await redis.start();
      await until(async () => (await login()).status === 302);
    } finally {
      await app.kill();
      await redis.close();
    }

    const lines = app.output().split('\n');
    expect(lines.filter((line) => line.includes('Redis is away'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('Redis is back'))).toHaveLength(1);
    expect(app.output()).not.toContain('rate limit');
    expect(app.errors()).toBe('');
  });
});
