// GET and POST /rally/api-key and /gocd/access-token: a string made by hand, in place of the dance.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeEach(() => {
  visitor = new Visitor();
});
afterAll(closeAll);

describe.each([
  {
    path: '/rally/api-key',
    provider: 'rally',
    other: 'gocd',
    shows: 'Stories of Ada Finch',
    words: 'an API key',
    label: 'API key',
    madeAt: '/login/accounts/index.html#/keys',
  },
  {
    path: '/gocd/access-token',
    provider: 'gocd',
    other: 'rally',
    shows: 'Pipelines',
    words: 'a personal access token',
    label: 'personal access token',
    madeAt: '/go/access_tokens',
  },
] as const)('$path', ({ path, provider, other, shows, words, label, madeAt }) => {
  beforeAll(async () => {
    started = await start();
  });
  afterEach(() => {
    started.sandbox.world.rally.apiKeys.areEnabled = true; // revoke() switches them off
  });

  test('is tried, kept, and opens the page', async () => {
    const answer = await use(make());

    expect(answer.status).toBe(303);
    expect(answer.location.pathname).toBe(`/${provider}`);
    expect((await visitor.visit(answer.location)).$('h1').text()).toBe(shows);
    expect((await visitor.visit(started.url)).$('main').text()).toContain(words);
  });

  test('is what the walkthrough speaks of, in place of a sign-in that never was', async () => {
    await use(make());
    const { $ } = await visitor.visit(`${started.url}/walkthrough`);
    const summary = $(`section[aria-labelledby=${provider}] .summary`).text();

    expect(summary).toContain(`You are connected by ${words}.`);
    expect(summary).not.toContain('Nobody has signed in');
    expect($(`section[aria-labelledby=${other}] .summary`).text()).toContain(
      'Nobody has signed in',
    );
  });

  test('is never shown again, in no page and no log line', async () => {
    const credential = make();
    const answer = await use(credential);
    const pages = [
      answer,
      await visitor.visit(answer.location),
      await visitor.visit(started.url),
      await visitor.visit(started.url + path),
    ];

    for (const { text, headers } of pages) {
      expect(text + JSON.stringify(headers)).not.toContain(credential);
    }
    expect(started.log.join('')).not.toContain(credential);
  });

  test('is refused when the provider does not take it: nothing is kept, and nothing prefilled', async () => {
    const wrong = provider === 'rally' ? `_${'x'.repeat(43)}` : 'f'.repeat(40);
    const answer = await use(wrong);

    expect(answer.status).toBe(401);
    expect(answer.$('[role=alert]').text()).toContain('does not accept it');
    expect(answer.$('#credential').attr('value')).toBeUndefined();
    expect(answer.text).not.toContain(wrong);
    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);
  });

  test.each([
    '',
    '   ',
    'short',
    'with a space in it',
    'line\nbreak-in-the-middle',
    '"quoted-in-full"',
    'é'.repeat(20),
    'x'.repeat(501),
  ])('is refused before it is tried when it is %j', async (value) => {
    started.sandbox.world.received.clear();
    const answer = await use(value);

    expect(answer.status).toBe(400);
    expect(answer.$('[role=alert]').text()).toContain('That cannot be');
    expect(started.sandbox.world.received.all).toEqual([]);
  });

  test('is not sent to this provider when it is the other one’s', async () => {
    const ofTheOther = other === 'rally' ? `_${'x'.repeat(43)}` : 'f'.repeat(40);
    started.sandbox.world.received.clear();
    const answer = await use(ofTheOther);

    expect(answer.status).toBe(400);
    expect(answer.$('[role=alert]').text()).toMatch(/begins with an underscore|has exactly 40/);
    expect(started.sandbox.world.received.all).toEqual([]);
  });

  test('says so, with its own next step, when it stops working', async () => {
    await signIn(visitor, started, other);
    await use(make());
    revoke();
    const lost = await visitor.visit(`${started.url}/${provider}`);

    expect(lost.status).toBe(401);
    expect(lost.$('h1').text()).toContain(`no longer accepts your ${label}`);
    expect(lost.$('.button').attr('href')).toBe(path);
    expect(
      lost
        .$('.button.quiet')
        .toArray()
        .map((link) => lost.$(link).attr('href')),
    ).toEqual([`/login/${provider}?return_to=/${provider}`, started.sandbox.url + madeAt]);
    expect(lost.$('main').text()).not.toContain('http');
    expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/${provider}`)).$('h1').text()).toContain(
      'Not connected',
    );
  });

  test('still works after logging out: the log-out page says where to delete it, and no more', async () => {
    await use(make());
    const main = (await visitor.visit(`${started.url}/logout`)).$('main');

    expect(main.text()).toContain(`Your ${label} still works until you delete it at`);
    expect(main.find('a').attr('href')).toBe(started.sandbox.url + madeAt);
    expect(main.find('a')).toHaveLength(1);
    expect(main.text()).not.toContain('permission');
  });

  test('gives the session a new id, and leaves the other provider connected', async () => {
    await signIn(visitor, started, other);
    const answer = await use(make());

    expect(String(answer.headers['set-cookie'])).toMatch(/^sid=/);
    expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
  });

  test('takes no forged form', async () => {
    const answer = await visitor.post(started.url + path, { credential: make() });

    expect(answer.status).toBe(403);
  });

  test('says that the provider is away, and keeps nothing', async () => {
    const credential = make();
    const page = await visitor.visit(started.url + path);
    started.sandbox.world.failures.switchOn({
      name: provider === 'rally' ? 'wsapi-503' : 'cctray-503',
      times: 1,
      client: undefined,
      provider: undefined,
      seconds: 0,
    });
    const answer = await visitor.submit(page, `form[action="${path}"]`, { credential });

    expect(answer.status).toBe(503);
    expect(answer.$('.button').attr('href')).toBe(path);
    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);
  });

  async function use(credential: string): Promise<Page> {
    const page = await visitor.visit(started.url + path);
    return visitor.submit(page, `form[action="${path}"]`, { credential });
  }

  function make(): string {
    const { rally, gocd } = started.sandbox.world;
    const [ofRally] = rally.people;
    const [ofGocd] = gocd.people;
    if (!ofRally || !ofGocd) throw new Error('nobody is there');
    return provider === 'rally'
      ? rally.apiKeys.create(ofRally, 'a key', false).secretKey
      : gocd.accessTokens.create(ofGocd, 'a token').value;
  }

  function revoke(): void {
    const { rally, gocd } = started.sandbox.world;
    rally.apiKeys.areEnabled = false;
    for (const token of gocd.accessTokens.all) gocd.accessTokens.revoke(token);
  }
});

describe('a GoCD without OAuth: GOCD_SERVER, and no client id', () => {
  beforeAll(async () => {
    started = await start({
      environment: { GOCD_CLIENT_ID: undefined, GOCD_CLIENT_SECRET: undefined },
    });
  });

  test('home offers a personal access token, and nobody is sent to sign in', async () => {
    const card = (await visitor.visit(started.url)).$('section[aria-labelledby=card-gocd]');

    expect(card.find('.button').attr('href')).toBe('/gocd/access-token');
    expect(card.find('a[href^="/login"]')).toHaveLength(0);
  });

  test('its page asks for the token, which then opens it', async () => {
    const asks = await visitor.visit(`${started.url}/gocd`);
    expect(asks.status).toBe(401);
    const { world } = started.sandbox;
    const [person] = world.gocd.people;
    if (!person) throw new Error('nobody is there');
    const credential = world.gocd.accessTokens.create(person, 'a test').value;

    const form = await visitor.visit(new URL(asks.$('.button').attr('href') ?? '', started.url));
    const kept = await visitor.submit(form, 'form[action="/gocd/access-token"]', { credential });

    expect((await visitor.visit(kept.location)).$('h1').text()).toBe('Pipelines');
    for (const token of world.gocd.accessTokens.all) world.gocd.accessTokens.revoke(token);
    const lost = await visitor.visit(`${started.url}/gocd`);
    expect(lost.status).toBe(401);
    expect(lost.$('main a[href^="/login"]')).toHaveLength(0);
  });

  test.each(['/login/gocd', '/oauth-redirect/gocd?code=c&state=s'])(
    'GET %s is a 404 that leads to the form',
    async (path) => {
      const answer = await visitor.visit(started.url + path);

      expect(answer.status).toBe(404);
      expect(answer.$('.button').attr('href')).toBe('/gocd/access-token');
    },
  );

  test('leaves the sign-in to Rally as it is', async () => {
    expect((await signIn(visitor, started, 'rally')).$('h1').text()).toBe('Stories of Ada Finch');
  });
});
