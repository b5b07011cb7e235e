// What a person has had forgotten stays forgotten, although pages of theirs were under way.
import { afterEach, describe, expect, test } from '@jest/globals';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { closeConnections, connectTo, PROVIDERS } from '../support/refreshing.js';
import { comeBack, hold, respond } from '../support/stub-provider.js';
import { openWalkthrough, wireOf } from '../support/walkthrough.js';

const [RALLY] = PROVIDERS;

let redis: RedisServer | undefined;

afterEach(async () => {
  await closeConnections();
  await redis?.close();
  redis = undefined;
});

describe.each([
  ['memory', test],
  // Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
  ['Redis', findRedisServer() ? test : test.skip],
] as const)('the walkthrough in %s', (kept, testWith) => {
  testWith('keeps nothing of a page that fails after its connection was forgotten', async () => {
    const { disconnect, fail, failure } = await waitForPage();
    await disconnect();

    expect(await fail()).toBe(503);
    expect(await failure()).toBe('');
  });

  testWith('nor does the next sign-in bring it back', async () => {
    const { disconnect, fail, failure, connect } = await waitForPage();
    await disconnect();
    await connect();

    expect(await fail()).toBe(503);
    expect(await failure()).toBe('');
  });

  testWith(
    'keeps nothing of a page that comes while the connection is being forgotten',
    async () => {
      const { started, stub, visitor, visit, cookie } = await connectTo(
        RALLY,
        undefined,
        await environment(),
      );
      const { store } = started;
      const home = await visitor.visit(started.url);
      let letItChange: () => void = () => undefined;
      const turn = store.oneAtATime(
        `session:${idIn(cookie)}`,
        5000,
        () => new Promise<void>((resolve) => (letItChange = resolve)),
      );
      const inLine = new Promise<void>((resolve) => {
        const take = store.oneAtATime.bind(store);
        store.oneAtATime = (name, holdMs, work) => {
          resolve();
          return take(name, holdMs, work);
        };
      });
      const leaving = visitor.submit(home, 'form[action="/logout/rally"]');
      await inLine;
      const held = hold(stub, RALLY.apiPath, respond(503, 'text/plain', 'not now'));
      const late = visit();
      const letGo = await held;
      letItChange();
      await Promise.all([turn, leaving]);
      letGo();

      expect((await late).status).toBe(503);
      expect(wireOf(await openWalkthrough(visitor, started), 'rally-failed-page')).toBe('');
    },
  );

  testWith('keeps a failure as long as nobody has it forgotten', async () => {
    const { fail, failure } = await waitForPage();

    expect(await fail()).toBe(503);
    expect(await failure()).toContain('HTTP/1.1 503');
  });

  /** Somebody is connected, and a page of theirs waits for Rally. */
  async function waitForPage() {
    const { started, stub, visitor, visit } = await connectTo(
      RALLY,
      undefined,
      await environment(),
    );
    const held = hold(stub, RALLY.apiPath, respond(503, 'text/plain', 'not now'));
    const late = visit();
    const letGo = await held;
    return {
      disconnect: async () =>
        visitor.submit(await visitor.visit(started.url), 'form[action="/logout/rally"]'),
      connect: () => comeBack(visitor, started, 'rally'),
      fail: async () => {
        letGo();
        return (await late).status;
      },
      failure: async () => wireOf(await openWalkthrough(visitor, started), 'rally-failed-page'),
    };
  }

  async function environment(): Promise<Record<string, string>> {
    if (kept === 'memory') return {};
    redis = await RedisServer.start();
    const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';
    return { REDIS_URL: redis.url, SESSION_SECRET };
  }
});

/** The id of the session in its signed cookie. */
function idIn(cookie: string): string {
  return /=s:(.*)\./.exec(decodeURIComponent(cookie))?.[1] ?? '';
}
