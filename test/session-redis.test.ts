// Sessions in a real Redis: they outlive the process, and while Redis is unavailable nobody is signed
// out. security/sessions.test.ts shows that they are sealed.
import { setTimeout as delay } from 'node:timers/promises';
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
import supertest from 'supertest';
import { createLog } from '../src/log.js';
import { RedisConnection } from '../src/session/redis-connection.js';
import { allow, goToConsent, signIn } from './support/dance.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import {
  closeConnections,
  connectTo,
  FIRST,
  PROVIDERS,
  SECOND,
  type Connected,
} from './support/refreshing.js';
import { start, type Started } from './support/start.js';
import { hold, json } from './support/stub-provider.js';
import { Visitor, type Page } from './support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(60_000); // what does not answer is waited for

const SECRET = 'a secret of the tests, of thirty-two characters or more';
const LIMITS = { openingMs: 300, commandMs: 300, longestSilenceMs: 600 };

describeWithRedis('sessions in Redis', () => {
  let redis: RedisServer;
  let started: Started;
  let visitor: Visitor;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  beforeEach(async () => {
    redis.signal('SIGCONT');
    await redis.start();
    await redis.empty();
    const environment = { REDIS_URL: redis.url, SESSION_SECRET: SECRET };
    started = await start({ environment, limits: LIMITS });
    visitor = new Visitor();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await closeConnections();
  });
  afterAll(() => redis.close());

  test('are short: two connections and twenty sign-ins under way take less than 4 kB', async () => {
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const begun = [];
    for (let tab = 0; tab < 20; tab++) {
      const provider = tab % 2 === 0 ? 'gocd' : 'rally';
      begun.push(await visitor.visit(`${started.url}/login/${provider}?return_to=/${provider}`));
    }
    const records = (await redis.dump()).split('\n').filter((line) => /:session:.* /.test(line));

    expect(records).toHaveLength(1);
    expect(records[0]?.length).toBeLessThan(4096);
    // All of them are in there: the first still works.
    const first = await visitor.browse(begun[0]?.location ?? '');
    expect((await visitor.visit(await allow(visitor, first))).status).toBe(303);
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
    const notReady = await supertest(started.url).get('/readyz').set('Accept', '*/*');
    expect(notReady.status).toBe(503);
    expect(notReady.body).toEqual({ status: 'not ready', error: 'session_store_away' });
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
      limits: LIMITS,
    });

    expect((await supertest(refused).get('/login/rally')).status).toBe(503);
    expect(log.join()).toContain('"reason":"WRONGPASS"');
    expect(log.join()).not.toContain('the-password');
  });

  test('cost a request one line of the log, and no stack, while Redis is away', async () => {
    await signIn(visitor, started, 'rally');
    await redis.kill();
    while (!started.log.join('').includes('Redis is away')) await visitor.visit(started.url);
    started.log.length = 0;
    const printed = jest.spyOn(console, 'error');
    await visitor.visit(`${started.url}/rally`);
    const ofThePage = lines();
    started.log.length = 0;
    await supertest(started.url).get('/login/rally');

    expect(ofThePage).toMatchObject([{ level: 'warn', code: 'session_store_away' }]);
    expect(lines()).toMatchObject([{ code: 'session_store_away' }]);
    expect(started.log.join('')).not.toContain('stack');
    expect(printed).not.toHaveBeenCalled();
  });

  /** Without the line that every request has. */
  function lines(): unknown[] {
    return started.log
      .map((line) => JSON.parse(line) as { msg: string })
      .filter(({ msg }) => msg !== 'request answered');
  }

  describe('of which Redis goes away while a token is renewed', () => {
    const [rally] = PROVIDERS;
    let connected: Connected;
    let page: Promise<Page>;
    beforeEach(async () => {
      connected = await connectTo(rally, FIRST, {
        REDIS_URL: redis.url,
        SESSION_SECRET: SECRET,
        UPSTREAM_TIMEOUT_MS: '500', // and so a new token is kept within one and a half seconds, or lost
      });
      connected.acceptOnly(SECOND);
      const held = hold(connected.stub, rally.tokenPath, json(SECOND));
      page = connected.visit();
      const answerNow = await held;
      await redis.kill();
      answerNow();
    });

    test('keep the new token: the old one was spent for it', async () => {
      await redis.start();

      expect((await page).status).toBe(200);
      expect((await connected.visit()).status).toBe(200);
      expect(connected.refreshes()).toHaveLength(1);
    });
  });

  test('answer 503 when Redis is there and does not answer, and nobody waits for ever', async () => {
    await signIn(visitor, started, 'rally');
    redis.signal('SIGSTOP');
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(503);

    redis.signal('SIGCONT');
    await ready();
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('answer to the end of a page, though Redis has gone away meanwhile', async () => {
    await signIn(visitor, started, 'rally');
    const { failures, received } = started.sandbox.world;
    const all = { times: undefined, client: undefined, provider: undefined };
    failures.switchOn({ ...all, name: 'wsapi-slow', seconds: 0.3 });
    received.clear();
    const asked = visitor.visit(`${started.url}/rally`);
    while (received.all.length === 0) await supertest(started.url).get('/healthz');
    await redis.kill();

    expect((await asked).$('h1').text()).toBe('Stories of Ada Finch');
    await supertest(started.url).get('/healthz');
    expect(started.log.filter((line) => line.includes('"level":"error"'))).toEqual([
      expect.stringContaining('Redis is away'),
    ]);
  });

  test('are found by a process that was too busy to take the answer in time', async () => {
    const log = createLog('silent');
    const settings = { url: redis.url, verifiesCertificate: true };
    const connection = new RedisConnection(settings, log, LIMITS);
    try {
      await connection.opened;
      redis.signal('SIGSTOP'); // or it would answer before this process is busy
      const pong = connection.ask((client) => client.ping());
      const hasBeenSent = new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await hasBeenSent;
      redis.signal('SIGCONT');
      const from = performance.now();
      while (performance.now() < from + 1.5 * LIMITS.commandMs);

      expect(await pong).toBe('PONG');
    } finally {
      await connection.close();
    }
  });

  test('are found by an app that was started before Redis', async () => {
    await redis.kill();
    const environment = { REDIS_URL: redis.url, SESSION_SECRET: SECRET };
    const early = await start({ environment, limits: { ...LIMITS, openingMs: 10 } });
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

  test.each([
    ['was not written by us', () => 'bm90IG91cnM'],
    ['is empty', () => ''],
    ['was cut', (record: string) => record.slice(0, -20)],
  ])('count as none when their record %s', async (_what, spoil) => {
    const cookie = await sessionCookie();
    await redis.withClient(async (client) => {
      for (const key of await client.keys('*session:*')) {
        await client.set(key, spoil((await client.get(key)) ?? ''));
      }
    });
    const answer = await supertest(started.url).get('/rally').set('Cookie', cookie);

    expect(answer.status).toBe(401);
    expect(answer.text).toContain('Not connected to Rally');
  });

  test('are not written by a page that changes nothing, nor asked for by health and files', async () => {
    await signIn(visitor, started, 'rally');
    const pages = await commandsOf(['/rally', '/', '/rally']);
    const others = await commandsOf(['/healthz', '/public/style.css']);

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
    while ((await supertest(url).get('/readyz')).status !== 200) await delay(10);
  }

  /** How often Redis receives which command when somebody visits these pages. */
  async function commandsOf(paths: readonly string[]): Promise<string> {
    return redis.withClient(async (client) => {
      await client.sendCommand(['CONFIG', 'RESETSTAT']);
      for (const path of paths) await visitor.visit(started.url + path);
      return client.info('commandstats');
    });
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
