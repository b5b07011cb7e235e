// Two processes of the app on one Redis: slow refreshes, locks that are left behind, and processes that
// are killed. ../two-processes.test.ts has the basic case.
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
import { findRedisServer } from '../support/redis-server.js';
import { runRounds } from '../support/rounds.js';
import { TwoProcesses } from '../support/two-processes.js';
import { until } from '../support/until.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(90_000); // processes start, locks are waited for, and hundreds of pages are requested

/** A token must outlive a round. */
const TOKEN_SECONDS = 8;

describeWithRedis('two processes on one Redis', () => {
  let two: TwoProcesses;

  beforeAll(async () => {
    // The lock of a process that is killed expires ten seconds later.
    two = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '1000' });
  });
  beforeEach(async () => {
    await two.reset();
  });
  afterAll(async () => {
    await two.close();
  });

  test('a new token that has to wait for its session is waited for by the other process', async () => {
    const browser = await two.signIn();
    two.expireAccessTokens();
    await two.lockSessions();

    expect(await browser.askAtOnce('/rally', 4)).toEqual([200, 200, 200, 200]);
    expect(two.tokenRequests).toBe(2);
  });

  describe('of which some are killed', () => {
    let others: TwoProcesses;

    beforeEach(async () => {
      others = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '1000' });
    });
    afterEach(async () => {
      await others.close();
    });

    test('a sign-in works across a restart of both processes', async () => {
      const browser = others.browser();
      const back = await others.allow(await browser.ask(0, '/login/rally'));
      await others.killApps();
      await others.startApps();

      expect((await browser.ask(1, back)).status).toBe(303);
      expect((await browser.ask(0, '/rally')).text).toContain('Stories of Ada Finch');
    });

    test('a process that is killed while it refreshes locks nobody out', async () => {
      const browser = await others.signIn();
      others.expireAccessTokens();
      others.switchOn('token-hanging');
      const asked = browser.ask(0, '/rally').catch(() => undefined);
      await until(() => others.tokenRequests === 2);
      await others.killApp(0);
      await asked;
      others.sandbox.world.failures.switchOff();

      // The lock expires. The refresh token has not been used, so it is still good.
      expect((await browser.ask(1, '/rally')).status).toBe(200);
      expect(others.tokenRequests).toBe(3);
    });
  });
});

// `npm run rounds` does the same a thousand times, for more people.
describeWithRedis('ten times, the tokens of three sessions expire under load', () => {
  test('each is refreshed by one request, and nobody is signed out', async () => {
    const two = await TwoProcesses.start({}, TOKEN_SECONDS);
    try {
      const rounds = { rounds: 10, sessions: 3, pages: 10, runOutEvery: 10 };
      const { faults, pages, tokenRequests } = await runRounds(two, rounds);

      expect(faults).toEqual([]);
      expect(pages).toBe(10 * 3 * (10 + 2));
      expect(tokenRequests).toBe(10 * 3);
      expect(two.errors).toBe('');
    } finally {
      await two.close();
    }
  });
});
