// Two processes of the app on one Redis, as behind Heroku's router: each continues what the other has
// started, and a token is refreshed once. slow/two-processes.test.ts kills processes while they refresh,
// slow/redis-outage.test.ts their Redis.
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { findRedisServer } from './support/redis-server.js';
import { TwoProcesses } from './support/two-processes.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(60_000); // processes start, and hundreds of pages are requested

describeWithRedis('two processes on one Redis', () => {
  let two: TwoProcesses;

  beforeAll(async () => {
    two = await TwoProcesses.start();
  });
  beforeEach(async () => {
    await two.reset();
  });
  afterAll(async () => {
    const { haveEnded, errors } = two;
    await two.close();

    expect(haveEnded).toBe(false);
    expect(errors).toBe('');
  });

  test('a sign-in works with every request going to the other process', async () => {
    const browser = await two.signIn();

    expect((await browser.ask(0, '/rally')).text).toContain('Stories of Ada Finch');
  });

  test('200 requests at once over both, when the token has expired, make one refresh', async () => {
    const browser = await two.signIn();
    two.expireAccessTokens();
    two.switchOn('token-slow', 0.3); // so that all of them come while it is under way

    expect(new Set(await browser.askAtOnce('/rally', 200))).toEqual(new Set([200]));
    expect(two.tokenRequests).toBe(2);
  });

  describe('a Redis', () => {
    test('that is restarted signs nobody out', async () => {
      const browser = await two.signIn();
      await two.redis.kill();
      expect((await browser.ask(0, '/rally')).status).toBe(503);
      expect((await browser.ask(1, '/rally')).status).toBe(503);
      await two.redis.start();
      await two.areReady();

      expect(await browser.askAtOnce('/rally', 2)).toEqual([200, 200]);
    });
  });
});
