import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start } from '../support/start.js';
import { Visitor } from '../support/visitor.js';
import { sourcePathOf } from '../support/walkthrough.js';

const loginSource = await sourcePathOf('login');

const NO_GOCD = { GOCD_SERVER: '', GOCD_CLIENT_ID: '', GOCD_CLIENT_SECRET: '' };

afterEach(closeAll);

describe('GET /', () => {
  test('offers both providers by links, and makes no session for who only looks', async () => {
    const { url } = await start();
    const page = await new Visitor().visit(url);

    expect(page.$('a[href="/login/rally"]').text()).toBe('Connect to Rally');
    expect(page.$('a[href="/login/gocd"]').text()).toBe('Connect to GoCD');
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(page.headers['cache-control']).toBe('no-store');
  });

  test('says how to configure a provider that is not', async () => {
    const { url } = await start({ environment: NO_GOCD });
    const page = await new Visitor().visit(url);

    expect(page.$('#card-gocd').parent().text()).toContain('GOCD_CLIENT_SECRET');
    expect(page.text).not.toContain('RALLY_SERVER');
    expect(page.$('a[href="/login/gocd"]')).toHaveLength(0);
  });

  test('shows who is connected, and for how long', async () => {
    const started = await start();
    const visitor = new Visitor();
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const page = await visitor.visit(started.url);

    expect(page.$('#card-rally').parent().text()).toContain('Connected as Ada Finch');
    expect(page.$('#card-rally').parent().text()).toContain('24 hours');
    expect(page.$('#card-gocd').parent().text()).toContain('90 days');
    expect(page.$('#card-gocd').parent().text()).toContain('Connected; GoCD does not say as whom');
  });
});

describe('the header', () => {
  test.each([
    ['/', { page: 'OAuth sample' }],
    ['/rally', { page: 'Rally' }],
    ['/gocd?status=failed', { page: 'GoCD' }],
    ['/walkthrough', { page: 'Walkthrough' }],
    ['/logout', { page: 'Log out' }],
    ['/gocd/access-token', { true: 'GoCD' }],
    [loginSource, { true: 'Walkthrough' }],
    ['/rallying', {}],
  ])('marks at %s where that is: %j', async (path, marked) => {
    const { url } = await start();
    const { $ } = await new Visitor().visit(url + path);
    const links = $('header [aria-current]').toArray();

    expect(
      Object.fromEntries(links.map((link) => [link.attribs['aria-current'], $(link).text()])),
    ).toEqual(marked);
  });
});

describe('the notice that a sandbox stands in', () => {
  test('tells all on the first page, and on every other one line, which leads there', async () => {
    const { url, sandbox } = await start();
    const notice = async (path: string) => (await new Visitor().visit(url + path)).$('.notice');

    expect((await notice('/')).text()).toContain('It stands in.');
    for (const path of ['/logout', '/rally', '/nothing']) {
      const short = await notice(path);
      expect(short.text().trim()).toBe('Sandbox: nothing here is real.');
      expect(short.find('a').attr('href')).toBe(sandbox.url);
    }
  });
});

describe('GET / after the token’s life', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('says that it has ended, and the next page renews it', async () => {
    const started = await start({ sandbox: { tokenTtlSeconds: 100 } });
    const visitor = new Visitor();
    await signIn(visitor, started, 'rally');
    const card = async () => (await visitor.visit(started.url)).$('#card-rally').parent().text();
    expect(await card()).toContain('2 min; it is renewed by itself');
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 101_000);

    expect(await card()).toContain('It has ended; the next page renews it');
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    expect(await card()).toContain('2 min; it is renewed by itself');
  });
});

describe('GET /login', () => {
  test.each([
    ['both', {}, '/login/oauth2/auth'],
    [
      'GoCD alone',
      { RALLY_SERVER: '', RALLY_CLIENT_ID: '', RALLY_CLIENT_SECRET: '' },
      '/go/oauth/authorize',
    ],
  ])('with %s configured leads to %#', async (_which, environment, path) => {
    const { url } = await start({ environment });

    expect((await new Visitor().visit(`${url}/login`)).location.pathname).toBe(path);
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    '/%2f%2fevil.example',
    'https://evil.example',
    '/rally/../../evil',
    '/rally%0a',
    '/logout',
    '',
    '/rally&return_to=/gocd',
  ])('refuses return_to=%s', async (value) => {
    const { url } = await start();
    const page = await new Visitor().visit(`${url}/login/rally?return_to=${value}`);

    expect(page.status).toBe(400);
    expect(page.headers['location']).toBeUndefined();
  });

  test('takes nothing from the Host or forwarded headers', async () => {
    const { url } = await start();
    const { location } = await new Visitor().visit(`${url}/login/rally`, {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
    });

    expect(location.searchParams.get('redirect_uri')).toBe(`${url}/oauth-redirect`);
  });

  test('answers 429 to an address that starts too many, and says when to come back', async () => {
    const { url } = await start({ environment: { RATE_LIMIT_PER_MINUTE: '2' } });
    const visitor = new Visitor();
    const answers = [];
    for (let sent = 0; sent < 3; sent++) answers.push(await visitor.visit(`${url}/login/rally`));

    expect(answers.map(({ status }) => status)).toEqual([302, 302, 429]);
    expect(answers[2]?.headers['retry-after']).toBe('60');
    expect((await visitor.visit(url)).status).toBe(200);
  });

  test('sets the session cookie of http, and the stricter one of https', async () => {
    const plain = await start();
    const secure = await start({ environment: { SERVER_URL: 'https://app.example' } });
    const cookie = async (url: string) =>
      String((await new Visitor().visit(`${url}/login/rally`)).headers['set-cookie']);

    expect(await cookie(plain.url)).toMatch(/^sid=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await cookie(secure.url)).toMatch(
      /^__Host-sid=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });
});

describe('the routes of a provider that is not configured', () => {
  test.each(['/login/gocd', '/oauth-redirect/gocd', '/gocd'])('%s is a 404', async (path) => {
    const { url } = await start({ environment: NO_GOCD });
    const page = await new Visitor().visit(url + path);

    expect(page.status).toBe(404);
    expect(page.text).toContain('GOCD_SERVER, GOCD_CLIENT_ID, GOCD_CLIENT_SECRET');
  });

  test('POST /logout/gocd is a 404, too', async () => {
    const { url } = await start({ environment: NO_GOCD });

    expect((await new Visitor().post(`${url}/logout/gocd`)).status).toBe(404);
  });
});
