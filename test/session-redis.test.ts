// Sessions in a real Redis: sealed, outliving the process, and absent without anybody being signed
// out while Redis is away.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import supertest from 'supertest';
import { signIn, goToConsent, allow } from './support/dance.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { closeAll, start, type Started } from './support/start.js';
import { Visitor } from './support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

const SECRET = 'a secret of the tests, of thirty-two characters or more';

describeWithRedis('sessions in Redis', () => {
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

  test('show no token, name or e-mail to whoever reads Redis', async () => {
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const dump = await redis.dump();
    const { rally, gocd } = started.sandbox.world;
    const secrets = [
      ...rally.grants.lines.flatMap(({ tokens }) =>
        tokens ? [tokens.accessToken, tokens.refreshToken] : [],
      ),
      ...gocd.grants.all.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
      ...['Ada Finch', 'ada@example.test', 'accessToken', 'connections'],
    ];

    expect(dump).toContain('session:');
    expect(secrets).toHaveLength(8);
    expect(secrets.filter((secret) => dump.includes(secret))).toEqual([]);
  });

  test('answer 503 at once while Redis is away, and everything else works', async () => {
    await signIn(visitor, started, 'rally');
    await redis.kill();
    const away = await visitor.visit(`${started.url}/rally`);

    expect(away.status).toBe(503);
    expect(away.headers['retry-after']).toBe('5');
    expect(away.$('h1').text()).toBe('This app cannot look up your session');
    expect(away.text).toContain('You have not been signed out');
    expect((await supertest(started.url).get('/')).status).toBe(200);
    expect((await supertest(started.url).get('/healthz')).status).toBe(200);
    expect((await supertest(started.url).get('/public/style.css')).status).toBe(200);
    expect((await supertest(started.url).get('/readyz')).status).toBe(503);
    expect((await supertest(started.url).get('/login/rally')).status).toBe(503);

    await redis.start();
    await ready();
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    // However many requests it failed.
    expect(started.log.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    expect(started.log.filter((line) => line.includes('Redis is '))).toHaveLength(2);
  });

  test('are not kept where Redis refuses us, and the log says why', async () => {
    const url = redis.url.replace('//', '//nobody:the-password@');
    const { url: refused, log } = await start({
      environment: { REDIS_URL: url, SESSION_SECRET: SECRET },
    });

    expect((await supertest(refused).get('/login/rally')).status).toBe(503);
    expect(log.join()).toContain('"reason":"WRONGPASS"');
    expect(log.join()).not.toContain('the-password');
  });

  test('answer 503 when Redis is there and does not answer, and nobody waits for ever', async () => {
    await signIn(visitor, started, 'rally');
    redis.signal('SIGSTOP');
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(503);

    redis.signal('SIGCONT');
    await ready();
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('are found by an app that was started before Redis', async () => {
    await redis.kill();
    const early = await start({ environment: { REDIS_URL: redis.url, SESSION_SECRET: SECRET } });
    expect((await supertest(early.url).get('/readyz')).status).toBe(503);
    await redis.start();
    await ready(early);

    expect((await signIn(new Visitor(), early, 'rally')).$('h1').text()).toBe(
      'Stories of Ada Finch',
    );
  });

  test('live on when SESSION_SECRET is rotated, and end when their secret is dropped', async () => {
    const cookie = await sessionCookie();
    const rotated = await statusWith(cookie, `another secret, of thirty-two characters,${SECRET}`);
    const dropped = await statusWith(cookie, 'another secret of thirty-two characters or more');

    expect([rotated, dropped]).toEqual([200, 401]);
  });

  test('count as none when their record was not written by us', async () => {
    const cookie = await sessionCookie();
    const client = createClient({ url: redis.url });
    await client.connect();
    for (const key of await client.keys('*session:*')) await client.set(key, 'bm90IG91cnM');
    await client.close();
    const answer = await supertest(started.url).get('/rally').set('Cookie', cookie);

    expect(answer.status).toBe(401);
    expect(answer.text).toContain('Not connected to Rally');
  });

  test('are not written by a page that changes nothing, nor asked for by health and files', async () => {
    await signIn(visitor, started, 'rally');
    const client = createClient({ url: redis.url });
    await client.connect();
    await client.sendCommand(['CONFIG', 'RESETSTAT']);
    for (const path of ['/rally', '/', '/rally']) await visitor.visit(started.url + path);
    const pages = await client.info('commandstats');
    await client.sendCommand(['CONFIG', 'RESETSTAT']);
    for (const path of ['/healthz', '/public/style.css']) await visitor.visit(started.url + path);
    const others = await client.info('commandstats');
    await client.close();

    expect(pages).toContain('cmdstat_expire:calls=3');
    expect(pages).toContain('cmdstat_get:calls=3');
    expect(pages).not.toContain('cmdstat_set:');
    expect(others).not.toMatch(/cmdstat_(get|set|expire|eval)/);
  });

  test('keep every sign-in of many tabs that end at the same moment', async () => {
    const consent = await goToConsent(visitor, started, 'rally');
    const first = await allow(visitor, consent);
    const atGocd = await allow(visitor, await goToConsent(visitor, started, 'gocd'));
    await Promise.all([visitor.visit(first), visitor.visit(atGocd)]);
    const home = await visitor.visit(started.url);

    expect(home.$('.good').length).toBeGreaterThanOrEqual(1);
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });

  async function ready({ url } = started): Promise<void> {
    while ((await supertest(url).get('/readyz')).status !== 200);
  }

  async function sessionCookie(): Promise<string> {
    const consent = await goToConsent(visitor, started, 'rally');
    const signedIn = await visitor.visit(await allow(visitor, consent));
    return String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  }

  async function statusWith(cookie: string, SESSION_SECRET: string): Promise<number> {
    const other = await start({
      environment: {
        REDIS_URL: redis.url,
        SESSION_SECRET,
        RALLY_SERVER: started.sandbox.url,
      },
    });
    return (await supertest(other.url).get('/rally').set('Cookie', cookie)).status;
  }
});
