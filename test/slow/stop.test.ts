// How the process ends while a provider or Redis hangs, and after a rejection. ../stop.test.ts has what
// is common.
import { describe, expect, test } from '@jest/globals';
import { printed } from '../support/process.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { CUT, doing, EMPTY, STORIES, StoppableApp, TOKEN } from '../support/stoppable-app.js';
import { comeBack, json, respond } from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const testWithRedis = findRedisServer() ? test : test.skip;

const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';

const app = new StoppableApp();

describe('SIGTERM', () => {
  test('ends the process in time though a provider hangs', async () => {
    const server = await app.run({ UPSTREAM_TIMEOUT_MS: '25000' });
    const { page } = await app.pageInFlight();
    server.child.kill('SIGTERM');

    await expect(page).rejects.toThrow(/fetch failed/);
    expect(await server.exit).toBe(0);
    expect(server.output()).toContain(CUT);
  });

  testWithRedis('loses no refresh token whose browser has left', async () => {
    const redis = await RedisServer.start();
    const environment = { REDIS_URL: redis.url, SESSION_SECRET };
    const server = await app.run(environment);
    app.stub.answers.set(
      TOKEN,
      json({ access_token: 'the-token-of-the-stub-1', refresh_token: 'the-refresh-token-1' }),
    );
    app.stub.answers.set(STORIES, respond(401, 'text/html', 'ended'));
    const renewed = json({ access_token: 'the-token-of-the-stub-2' });
    const { page, browser, cookie, answerNow } = await app.pageInFlight(TOKEN, renewed);
    browser.abort();
    await expect(page).rejects.toThrow(/abort/);
    server.child.kill('SIGTERM');
    await printed(server, 'finishing what is in flight');
    answerNow();
    expect(await server.exit).toBe(0);

    app.stub.answers.set(STORIES, EMPTY);
    await app.run(environment);
    const later = await fetch(`${app.url}/rally`, { headers: { Cookie: cookie } });
    expect(later.status).toBe(200);
    expect(app.stub.received.at(-1)?.headers['zsessionid']).toBe('the-token-of-the-stub-2');
    await redis.close();
  });

  testWithRedis.each(['away', 'hanging'])('is obeyed while Redis is %s', async (how) => {
    const redis = await RedisServer.start();
    const server = await app.run({ REDIS_URL: redis.url, SESSION_SECRET });
    await comeBack(new Visitor(), app, 'rally');
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
    ['a rejection without an error', `void Promise.reject('${SECRET}');`],
  ])('%s is logged without a secret, and ends the process with 1', async (_what, fault) => {
    const server = await app.run(doing('SIGUSR2', fault));
    const { page, answerNow } = await app.pageInFlight();
    server.child.kill('SIGUSR2');
    await printed(server, 'a fault that nobody caught');
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(1);
    expect(server.output()).not.toContain(SECRET);
    expect(server.output()).toContain('"level":"fatal"');
  });
});
