// The walkthrough with sessions in Redis: sealed, shared by processes, and no cost to pages that have
// nothing new for it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { signIn } from '../support/dance.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor } from '../support/visitor.js';
import { openWalkthrough, secretsOf, stepsOn, wireOf } from '../support/walkthrough.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

const SECRET = 'a secret of the tests, of thirty-two characters or more';

describeWithRedis('the walkthrough in Redis', () => {
  let redis: RedisServer;
  let started: Started;
  let visitor: Visitor;

  beforeEach(async () => {
    redis = await RedisServer.start();
    started = await start({ environment: { REDIS_URL: redis.url, SESSION_SECRET: SECRET } });
    visitor = new Visitor();
  });
  afterEach(async () => {
    await closeAll();
    await redis.close();
  });

  test('is shown as in memory', async () => {
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const page = await openWalkthrough(visitor, started);

    expect(stepsOn(page, 'rally')).toContain('who-am-i');
    expect(wireOf(page, 'rally-api-call')).toContain('HTTP/1.1 200 OK');
    expect(wireOf(page, 'gocd-api-call')).toContain('HTTP/1.1 200 OK');
    expect(page.$('.summary.good')).toHaveLength(2);
  });

  test('is sealed, and ends with its session', async () => {
    await signIn(visitor, started, 'rally');
    const { keys, dump, ttl } = await inRedis();

    expect(keys).toHaveLength(1);
    expect(ttl).toBeGreaterThan(7.9 * 3600);
    expect(ttl).toBeLessThanOrEqual(8 * 3600);
    // Words of a length, or with a sign, that base64 does not come up with by chance.
    const words = [
      ...secretsOf(started),
      'HTTP/1.1',
      'authorization',
      'DisplayName',
      'access_token',
    ];
    expect(words.filter((word) => dump.includes(word))).toEqual([]);

    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');
    const left = await inRedis();
    expect(left.dump).toMatch(/^\{"since":"\d+"\}$/);
    expect(left.ttl).toBeLessThanOrEqual(60); // for pages that are still under way
  });

  test('counts as none when it was sealed for something else, or somebody else', async () => {
    const another = new Visitor();
    await signIn(another, started, 'rally');
    const theirs = (await inRedis()).keys[0] ?? '';
    await signIn(visitor, started, 'rally');
    const client = createClient({ url: redis.url });
    await client.connect();
    const [session = ''] = await client.keys('*session:*');
    const [mine = ''] = (await client.keys('*walkthrough:*')).filter((key) => key !== theirs);
    for (const moved of [await client.get(session), await client.hGet(theirs, 'signIn')]) {
      await client.hSet(mine, 'signIn', moved ?? '');
      const page = await openWalkthrough(visitor, started);

      expect(moved).toMatch(/^[\w-]{100,}$/);
      expect(page.status).toBe(200);
      expect(page.$('section[aria-labelledby=rally] .summary').text()).toContain('no longer kept');
    }
    await client.close();
  });

  test('costs a page nothing that has nothing new for it, in the first minute either', async () => {
    await signIn(visitor, started, 'rally');
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.sendCommand(['CONFIG', 'RESETSTAT']);
    for (const path of ['/rally', '/', '/rally']) await visitor.visit(started.url + path);
    const commands = await client.info('commandstats');
    await client.close();

    expect(commands).not.toMatch(/cmdstat_(hset|hgetall|multi|exec|del)/);
  });

  test('fails no page when Redis refuses to write it: one warning', async () => {
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.sendCommand(['ACL', 'SETUSER', 'default', '-hset']);
    await client.close();
    const page = await signIn(visitor, started, 'rally');

    expect(page.status).toBe(200);
    expect(started.log.filter((line) => line.includes('the walkthrough misses'))).toHaveLength(1);
  });

  async function inRedis() {
    const client = createClient({ url: redis.url });
    await client.connect();
    const keys = await client.keys('*walkthrough:*');
    const [key = ''] = keys;
    const found = {
      keys,
      dump: JSON.stringify(await client.hGetAll(key)),
      ttl: await client.ttl(key),
    };
    await client.close();
    return found;
  }
});
