// Two processes of the app on one Redis, as behind Heroku's router: whatever one of them began, the
// other goes on with, and a token is renewed once.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { findRedisServer } from './support/redis-server.js';
import { runRounds } from './support/rounds.js';
import { TwoProcesses, until } from './support/two-processes.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(90_000); // processes start, and hundreds of pages are asked for

const TOKEN_SECONDS = 8;

describeWithRedis('two processes on one Redis', () => {
  let two: TwoProcesses;

  beforeEach(async () => {
    // The lock of a process that is killed ends ten seconds later.
    two = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '4000' });
  });
  afterEach(async () => {
    await two.close();
  });

  test('a sign-in works with every request going to the other process', async () => {
    const browser = await two.signIn();

    expect((await browser.ask(0, '/rally')).text).toContain('Stories of Ada Finch');
  });

  test('a sign-in works across a restart of both processes', async () => {
    const browser = two.browser();
    const back = await two.allow(await browser.ask(0, '/login/rally'));
    await two.killApps();
    await two.startApps();

    expect((await browser.ask(1, back)).status).toBe(303);
    expect((await browser.ask(0, '/rally')).text).toContain('Stories of Ada Finch');
  });

  test('200 requests at once over both, when the token has expired, make one refresh', async () => {
    const browser = await two.signIn();
    for (let round = 1; round <= 2; round++) {
      two.expireAccessTokens();
      const statuses = await browser.askAtOnce('/rally', 200);

      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(two.tokenRequests).toBe(1 + round);
    }
  });

  test('the same with a refresh that takes its time', async () => {
    const browser = await two.signIn();
    two.expireAccessTokens();
    two.switchOn('token-slow', 2);

    expect(new Set(await browser.askAtOnce('/rally', 40))).toEqual(new Set([200]));
    expect(two.tokenRequests).toBe(2);
  });

  test('a new token that has to wait for its session is waited for by the other process', async () => {
    const impatient = await TwoProcesses.start({ UPSTREAM_TIMEOUT_MS: '1000' });
    try {
      const browser = await impatient.signIn();
      impatient.expireAccessTokens();
      await impatient.lockSessions();

      expect(await browser.askAtOnce('/rally', 4)).toEqual([200, 200, 200, 200]);
      expect(impatient.tokenRequests).toBe(2);
    } finally {
      await impatient.close();
    }
  });

  test('a process that is killed while it refreshes locks nobody out', async () => {
    const browser = await two.signIn();
    two.expireAccessTokens();
    two.switchOn('token-hanging');
    const asked = browser.ask(0, '/rally').catch(() => undefined);
    await until(() => two.tokenRequests === 2);
    await two.killApp(0);
    await asked;
    two.sandbox.world.failures.switchOff();

    // The lock ends by itself; nobody had used the refresh token, so it is still good.
    expect((await browser.ask(1, '/rally')).status).toBe(200);
    expect(two.tokenRequests).toBe(3);
  });
});

// `npm run rounds` does the same a thousand times, for more people.
describeWithRedis(
  'twenty times, the tokens of three sessions end while their pages are asked',
  () => {
    test('each is renewed by one request, and nobody is signed out', async () => {
      const two = await TwoProcesses.start({}, TOKEN_SECONDS);
      try {
        const rounds = { rounds: 20, sessions: 3, pages: 10, runOutEvery: 20 };
        const { faults, pages, tokenRequests } = await runRounds(two, rounds);

        expect(faults).toEqual([]);
        expect(pages).toBe(20 * 3 * (10 + 2));
        expect(tokenRequests).toBe(20 * 3);
        expect(two.errors).toBe('');
      } finally {
        await two.close();
      }
    });
  },
);
