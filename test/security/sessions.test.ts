// SECURITY.md, D and F6: sessions, cookies, log-out, keys; and what is stored in Redis, which others may
// read, and write to.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { allow, goToConsent, signIn } from '../support/dance.js';
import { secretsIn } from '../support/everything.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  started = await start({ sandbox: { stories: 20, pipelines: 2 } });
  visitor = new Visitor();
});
afterEach(closeAll);

const statusAt = async (path: string, cookie: string) =>
  (await new Visitor().visit(started.url + path, { Cookie: cookie })).status;

describe('a session id', () => {
  test('D1 is a new one after every sign-in, at either provider and by a key, and the former one is dead (ASVS 7.2.4; CVE-2022-25896)', async () => {
    const planted = cookieIn(await visitor.visit(`${started.url}/logout`));
    const rally = cookieIn(await signInAndReturn('rally'));
    const gocd = cookieIn(await signInAndReturn('gocd'));
    const key = cookieIn(await useKey('/rally/api-key', makeKey()));
    const all = [planted, rally, gocd, key];

    expect(new Set(all).size).toBe(4);
    for (const former of all.slice(0, -1)) expect(await statusAt('/rally', former)).toBe(401);
    expect(await statusAt('/rally', key)).toBe(200);
    expect(await statusAt('/gocd', key)).toBe(200);
  });

  test('D2 has 128 random bits and more (ASVS 7.2.3)', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () =>
        decodeURIComponent(cookieIn(await new Visitor().visit(`${started.url}/login/rally`))),
      ),
    );
    const random = ids.map((id) => /^sid=s:([\w-]+)\.[\w+/]+$/.exec(id)?.[1] ?? '');

    for (const id of random) expect(id.length * 6).toBeGreaterThanOrEqual(128);
    expect(new Set(random).size).toBe(20);
  });

  test('D2 that is made up or altered is never accepted, nor kept (Session cheat sheet, strict management)', async () => {
    await signInAndReturn('rally');
    const good = cookieIn(await useKey('/gocd/access-token', makeToken()));
    const id = decodeURIComponent(good).slice('sid=s:'.length);
    const [bare = '', signature = ''] = id.split('.');
    const madeUp = [
      'sid=made-up',
      `sid=${bare}`,
      `sid=s:${bare}`,
      `sid=s:${bare}.`,
      `sid=s:${bare}.${signature.slice(0, -1)}`,
      `sid=s:${bare}.${flip(signature)}`,
      `sid=s:${flip(bare)}.${signature}`,
      `sid=j:{"id":"${bare}"}`,
      `sid=s:__proto__.${signature}`,
      `__Host-sid=s:${id}`,
    ];
    expect(await statusAt('/rally', good)).toBe(200);
    for (const cookie of madeUp) {
      const answer = await new Visitor().visit(`${started.url}/login/rally`, { Cookie: cookie });

      expect([cookie, await statusAt('/rally', cookie)]).toEqual([cookie, 401]);
      expect(cookieIn(answer)).toMatch(/^sid=s%3A/);
      expect(decodeURIComponent(cookieIn(answer))).not.toContain(bare);
    }
  });

  test('D3 stands in a small cookie that scripts cannot read, with no expiry, domain or framework’s name (ASVS 3.3.1-3.3.5)', async () => {
    const plain = String((await visitor.visit(`${started.url}/login/rally`)).headers['set-cookie']);
    const https = await start({ environment: { SERVER_URL: 'https://app.example' } });
    const secure = String((await visitor.visit(`${https.url}/login/rally`)).headers['set-cookie']);

    expect(plain).toMatch(/^sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(secure).toMatch(/^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    for (const cookie of [plain, secure]) expect(cookie.length).toBeLessThan(4096);
  });
});

describe('a visitor', () => {
  test('D4 who only looks gets no session (ASVS 15.2.2)', async () => {
    const paths = [
      '/',
      '/rally',
      '/gocd',
      '/nothing',
      '/oauth-redirect?code=c&state=s',
      '/healthz',
    ];
    for (const path of [...paths, '/readyz', '/public/style.css', '/login/rally?return_to=evil']) {
      const page = await visitor.visit(started.url + path);
      expect([path, page.headers['set-cookie']]).toEqual([path, undefined]);
    }
  });

  test('D5 sees no data of another, however their requests mix, tabs and providers side by side (express-openid-connect #43)', async () => {
    const people = ['ada@example.test', 'sol@example.test'] as const;
    const [ada, sol] = [new Visitor(), new Visitor()];
    await Promise.all([
      signIn(ada, started, 'rally', people[0]),
      signIn(sol, started, 'rally', people[1]),
    ]);
    await signIn(ada, started, 'gocd', 'ada');
    const asked = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const who = index % 2 === 0 ? ada : sol;
        return { who, page: await who.visit(`${started.url}/rally`) };
      }),
    );
    const nameOf = (who: Visitor) =>
      started.sandbox.world.rally.people.find(
        ({ userName }) => userName === people[who === ada ? 0 : 1],
      )?.displayName;

    for (const { who, page } of asked) {
      expect(page.$('h1').text()).toBe(`Stories of ${nameOf(who) ?? 'nobody'}`);
    }
    expect((await ada.visit(`${started.url}/gocd`)).status).toBe(200);
    expect((await sol.visit(`${started.url}/gocd`)).status).toBe(401);
  });

  test('D6 who logs out ends the session at the server: the cookie is worth nothing anywhere (ASVS 7.4.1, 7.4.4)', async () => {
    await signInAndReturn('rally');
    const cookie = cookieIn(await signInAndReturn('gocd'));
    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');

    expect(await statusAt('/rally', cookie)).toBe(401);
    expect(await statusAt('/gocd', cookie)).toBe(401);
  });

  test('D6 is logged out by no GET, HEAD or other method (ASVS 3.5.3)', async () => {
    await signInAndReturn('rally');
    const cookie = cookieIn(await signInAndReturn('gocd'));
    const form = await visitor.visit(`${started.url}/logout`);
    const token = String(form.$('[name=csrf_token]').attr('value'));
    for (const path of ['/logout', '/logout/rally', '/logout/gocd']) {
      await visitor.visit(`${started.url}${path}?csrf_token=${token}`);
      for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        await visitor.send(method, started.url + path, { csrf_token: token });
      }
    }

    expect(await statusAt('/rally', cookie)).toBe(200);
    expect(await statusAt('/gocd', cookie)).toBe(200);
  });

  test('D8 gets every page, error and redirect as no-store (ASVS 14.3.2)', async () => {
    await signInAndReturn('rally');
    await signInAndReturn('gocd');
    const paths = ['/', '/rally', '/gocd', '/logout', '/rally/api-key', '/gocd/access-token'];
    for (const path of [...paths, '/login', '/oauth-redirect', '/nothing', '/healthz', '/readyz']) {
      const { headers } = await visitor.visit(started.url + path);
      expect([path, headers['cache-control'], headers['etag']]).toEqual([
        path,
        'no-store',
        undefined,
      ]);
    }
  });
});

describe.each([
  { path: '/rally/api-key', provider: 'rally', make: makeKey, opening: '_' },
  { path: '/gocd/access-token', provider: 'gocd', make: makeToken, opening: '' },
])('$path', ({ path, provider, make, opening }) => {
  test('D9 the key is asked for in a password field, taken with the token of the form alone, and never shown again (ASVS 3.5.1, 14.2.6)', async () => {
    const key = make();
    const form = await visitor.visit(started.url + path);
    expect(form.$('#credential').attr('type')).toBe('password');
    expect((await visitor.post(started.url + path, { credential: key })).status).toBe(403);
    expect((await visitor.visit(`${started.url}${path}?credential=${key}`)).text).not.toContain(
      key,
    );
    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);

    const used = await useKey(path, key);
    expect(used.status).toBe(303);
    for (const at of [used.location.href, started.url, started.url + path]) {
      const { text, headers } = await visitor.visit(at);
      expect(text + JSON.stringify(headers)).not.toContain(key);
    }
    expect(started.log.join()).not.toContain(key);
  });

  test.each([
    ['a line break', 'x\r\nX-Evil: 1'],
    ['a quote', 'x"evil="1'],
    ['a backslash', 'x\\evil'],
    ['a letter outside ASCII', 'xé✓'],
    ['a space', 'x evil'],
    ['a NUL', 'x\0'],
    ['600 characters', 'x'.repeat(600)],
  ])('D9 a key with %s goes into no header (ASVS 1.2.1)', async (_what, inside) => {
    started.sandbox.world.received.clear();
    const answer = await useKey(path, opening + inside.padEnd(40 - opening.length, '0'));

    expect(answer.status).toBe(400);
    expect(started.sandbox.world.received.all).toEqual([]);
  });
});

/** The answer to the redirect that ends a sign-in: the one with the new cookie. */
async function signInAndReturn(provider: 'rally' | 'gocd'): Promise<Page> {
  const back = await allow(visitor, await goToConsent(visitor, started, provider));
  return visitor.visit(back);
}

async function useKey(path: string, credential: string): Promise<Page> {
  const form = await visitor.visit(started.url + path);
  return visitor.submit(form, `form[action="${path}"]`, { credential });
}

function makeKey(): string {
  const { people, apiKeys } = started.sandbox.world.rally;
  const [person] = people;
  if (!person) throw new Error('nobody is there');
  return apiKeys.create(person, 'a key', false).secretKey;
}

function makeToken(): string {
  const { people, accessTokens } = started.sandbox.world.gocd;
  const [person] = people;
  if (!person) throw new Error('nobody is there');
  return accessTokens.create(person, 'a token').value;
}

function cookieIn({ headers }: Page): string {
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

/** The same length and letters, and another value. */
function flip(text: string): string {
  return (text.startsWith('a') ? 'b' : 'a') + text.slice(1);
}

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
