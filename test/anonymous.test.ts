// People who only look around, and programs that call in bulk, leave nothing behind. The same with
// 50,000 visits, and what they cost in memory: `npm run soak:anonymous`.
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { lookAround } from './support/anonymous.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { closeAll, start, type Started } from './support/start.js';

const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';

afterEach(closeAll);

/** What is common to both stores: how an app is started, and how many sessions it has kept. */
interface Kept {
  readonly started: Started;
  readonly sessions: () => Promise<number>;
}

async function inMemory(environment: Record<string, string>): Promise<Kept> {
  const started = await start({ environment });
  const write = jest.spyOn(started.store, 'write');
  return {
    started,
    sessions: () => Promise.resolve(new Set(write.mock.calls.map(([id]) => id)).size),
  };
}

let redis: RedisServer | undefined;
afterAll(() => redis?.close());

async function inRedis(environment: Record<string, string>): Promise<Kept> {
  const server = (redis ??= await RedisServer.start());
  await server.empty();
  return {
    started: await start({
      environment: { REDIS_URL: server.url, SESSION_SECRET, ...environment },
    }),
    sessions: async () =>
      (await server.dump()).split('\n').filter((line) => line.includes('session:')).length,
  };
}

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const stores = [
  ['memory', inMemory] as const,
  ...(findRedisServer() ? [['Redis', inRedis] as const] : []),
];

describe.each(stores)('with sessions in %s', (_where, open) => {
  test('75 visits of people who only look around leave none', async () => {
    const { started, sessions } = await open({});
    await lookAround(started.url, 75);

    expect(await sessions()).toBe(0);
  });

  test('an address that asks for forms and sign-ins in bulk gets as many as the limit', async () => {
    const { started, sessions } = await open({ RATE_LIMIT_PER_MINUTE: '7' });
    const paths = ['/login', '/login/gocd', '/logout', '/rally/api-key', '/gocd/access-token'];
    const asked = Array.from({ length: 30 }, (_, index) => paths[index % paths.length] ?? '');
    const answers = await Promise.all(
      asked.map((path) => fetch(started.url + path, { redirect: 'manual' })),
    );

    expect(answers.filter(({ status }) => status === 429)).toHaveLength(23);
    expect(await sessions()).toBe(7);
  });
});
