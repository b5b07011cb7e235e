// SECURITY.md, D and F6: what stands in Redis, which others may read, and write to.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { allow, goToConsent, signIn } from '../support/dance.js';
import { secretsIn } from '../support/everything.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor } from '../support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

describeWithRedis('a session in Redis', () => {
  let redis: RedisServer;
  let started: Started;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(async () => {
    await redis.empty();
    started = await start({
      environment: {
        REDIS_URL: redis.url,
        SESSION_SECRET: 'a secret of thirty-two characters or more',
      },
      sandbox: { stories: 3, pipelines: 1 },
    });
  });
  afterEach(closeAll);
  afterAll(() => redis.close());

  test('D2 is worth nothing under another id, or changed: whoever writes to Redis signs nobody in', async () => {
    const [ada, sol] = [await signedIn('ada@example.test'), await signedIn('sol@example.test')];
    const keyOf = (cookie: string) =>
      `rally-gocd-oauth-sample:session:${decodeURIComponent(cookie).slice('sid=s:'.length).split('.')[0] ?? ''}`;
    const record = (await redis.withClient((client) => client.get(keyOf(ada)))) ?? '';
    expect(record).not.toBe('');
    await redis.withClient((client) => client.set(keyOf(sol), record));
    const copied = await headingWith(sol);
    const middle = Math.floor(record.length / 2);
    const changed = record[middle] === 'A' ? 'B' : 'A';
    const other = record.slice(0, middle) + changed + record.slice(middle + 1);
    await redis.withClient((client) => client.set(keyOf(ada), other));
    const altered = await headingWith(ada);

    expect(copied).toBe('Not connected to Rally');
    expect(altered).toBe('Not connected to Rally');
  });

  test('F6 shows no token, name or state to whoever reads Redis (ASVS 14.2.1)', async () => {
    const visitor = new Visitor();
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const { location } = await visitor.visit(`${started.url}/login/rally`);
    const { rally, gocd } = started.sandbox.world;
    const tokens = [
      ...rally.grants.lines.flatMap(({ tokens: pair }) =>
        pair ? [pair.accessToken, pair.refreshToken] : [],
      ),
      ...gocd.grants.all.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
    ];
    const names = ['Ada Finch', 'ada@example.test', location.searchParams.get('state') ?? 'none'];
    const fields = ['accessToken', 'connections'];
    const dump = await redis.dump();

    expect(dump).toContain(':session:');
    expect(tokens).toHaveLength(4);
    expect(secretsIn(dump, [...tokens, ...names, ...fields])).toEqual([]);
  });

  async function signedIn(username: string): Promise<string> {
    const visitor = new Visitor();
    const back = await allow(visitor, await goToConsent(visitor, started, 'rally', username));
    return String((await visitor.visit(back)).headers['set-cookie']).split(';')[0] ?? '';
  }

  async function headingWith(cookie: string): Promise<string> {
    return (await new Visitor().visit(`${started.url}/rally`, { Cookie: cookie })).$('h1').text();
  }
});
