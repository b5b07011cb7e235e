// What opens a provider for a person can be taken away there, by them or by others. The app is not told:
// it finds out at the next page, says so in words that fit, and forgets what is of no more use.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn, tokenRequests } from './support/dance.js';
import { createKey, logIn, openManager } from './support/rally.js';
import { setStatusOf } from './support/sandbox.js';
import { closeAll, start, type Started } from './support/start.js';
import { Visitor, type Page } from './support/visitor.js';

const BY_OAUTH = {
  rally: {
    title: 'Rally no longer accepts this connection',
    link: '/login/rally?return_to=/rally',
  },
  gocd: {
    title: 'GoCD no longer accepts this connection',
    link: '/login/gocd?return_to=/gocd',
  },
} as const;
const BY_API_KEY = {
  title: 'Rally no longer accepts your API key',
  link: '/rally/api-key',
} as const;

let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  started = await start();
  visitor = new Visitor();
});
afterEach(closeAll);

interface Loss {
  readonly provider: 'rally' | 'gocd';
  readonly what: string;
  readonly connect?: () => Promise<unknown>;
  readonly lose: () => Promise<unknown>;
  readonly title: string;
  /** Of the page that says so. */
  readonly words: string;
  readonly link: string;
}

const LOSSES: readonly Loss[] = [
  {
    ...BY_OAUTH.rally,
    provider: 'rally',
    what: 'the grant was removed where the log-out page says',
    lose: async () => {
      const page = await followLogoutPage('Rally');
      await visitor.submit(page, '[id="/apps"] article:contains("OAuth sample") form');
    },
    words: 'the grant was removed in Rally’s Application Manager',
  },
  {
    ...BY_OAUTH.rally,
    provider: 'rally',
    what: 'the person was disabled',
    lose: () => setStatusOf(started.sandbox, 'rally', 'ada@example.test', 'disabled'),
    words: 'It has expired',
  },
  {
    ...BY_API_KEY,
    provider: 'rally',
    what: 'the API key was deleted',
    connect: useApiKey,
    lose: () => changeKey('/delete'),
    words: 'It may have been deleted or reset',
  },
  {
    ...BY_API_KEY,
    provider: 'rally',
    what: 'the API key was reset',
    connect: useApiKey,
    lose: () => changeKey('/reset'),
    words: 'It may have been deleted or reset',
  },
  {
    ...BY_API_KEY,
    provider: 'rally',
    what: 'API keys were disabled by the administrator',
    connect: useApiKey,
    lose: async () => {
      const sol = await logIn(started.sandbox, 'sol@example.test');
      const manager = await openManager(started.sandbox, sol);
      await sol.submit(manager, 'form[action*="subscription"]', { enabled: 'no' });
    },
    words: 'API keys are disabled for your subscription',
  },
  {
    ...BY_OAUTH.gocd,
    provider: 'gocd',
    what: 'the grant was revoked where the log-out page says',
    lose: async () => visitor.submit(await followLogoutPage('GoCD'), '[popover] form'),
    words: 'was revoked',
  },
  {
    ...BY_OAUTH.gocd,
    provider: 'gocd',
    what: 'the same person connected from another browser',
    lose: () => signIn(new Visitor(), started, 'gocd'),
    words: 'you connected from another browser',
  },
  {
    provider: 'gocd',
    what: 'the personal access token was revoked',
    connect: useAccessToken,
    lose: async () => {
      const page = await visitor.visit(`${started.sandbox.gocdUrl}/access_tokens`);
      await visitor.submit(page, '[popover] form');
    },
    title: 'GoCD no longer accepts your personal access token',
    words: 'It may have been revoked',
    link: '/gocd/access-token',
  },
];

describe('a connection to', () => {
  test.each(LOSSES)(
    '$provider ends when $what, and the page says what to do',
    async ({ provider, connect, lose, title, words, link }) => {
      const other = provider === 'rally' ? 'gocd' : 'rally';
      await signIn(visitor, started, other);
      await signIn(visitor, started, provider);
      await connect?.();
      expect((await open(provider)).status).toBe(200);
      await lose();
      const page = await open(provider);

      expect(page.status).toBe(401);
      expect(page.$('h1').text()).toBe(title);
      expect(page.$('main').text()).toContain(words);
      expect(page.$('.button').attr('href')).toBe(link);
      expect((await open(provider)).$('h1').text()).toMatch(/^Not connected to/);
      expect((await open(other)).status).toBe(200);
    },
  );

  test('GoCD is taken over by the browser that connected last, and can be taken back', async () => {
    const elsewhere = new Visitor();
    await signIn(visitor, started, 'gocd');
    await signIn(elsewhere, started, 'gocd');
    expect((await open('gocd')).status).toBe(401);

    expect((await signIn(visitor, started, 'gocd')).status).toBe(200);
    expect((await elsewhere.visit(`${started.url}/gocd`)).status).toBe(401);
    expect((await open('gocd')).status).toBe(200);
  });

  test.each([
    { provider: 'rally', failure: 'wsapi-403', words: 'no access to this workspace' },
    { provider: 'gocd', failure: 'cctray-403', words: 'do not open cctray.xml to OAuth tokens' },
  ] as const)(
    '$provider that is not allowed to see the page is told so, and kept',
    async ({ provider, failure, words }) => {
      await signIn(visitor, started, provider);
      const { failures } = started.sandbox.world;
      const everywhere = { client: undefined, provider: undefined, seconds: 0 };
      failures.switchOn({ ...everywhere, name: failure, times: 1 });
      const page = await open(provider);

      expect(page.status).toBe(403);
      expect(page.$('main').text()).toContain('Connecting again would not help.');
      expect(page.$('main').text()).toContain(words);
      expect((await open(provider)).status).toBe(200);
      expect(tokenRequests(started)).toBe(1); // of the sign-in
    },
  );
});

function open(provider: 'rally' | 'gocd'): Promise<Page> {
  return visitor.visit(`${started.url}/${provider}`);
}

/** To the provider's own page of what was allowed. */
async function followLogoutPage(name: string): Promise<Page> {
  const page = await visitor.visit(`${started.url}/logout`);
  const link = page.$('main a').filter((_index, a) => page.$(a).text().endsWith(`at ${name}`));
  return visitor.visit(link.attr('href') ?? '');
}

async function useApiKey(): Promise<void> {
  const { value } = await createKey(started.sandbox, visitor);
  await paste('/rally/api-key', value);
}

async function changeKey(how: '/delete' | '/reset'): Promise<void> {
  const manager = await openManager(started.sandbox, visitor);
  await visitor.submit(manager, `form[action*="/keys/"][action*="${how}"]`);
}

async function useAccessToken(): Promise<void> {
  const form = await visitor.visit(`${started.sandbox.gocdUrl}/access_tokens`);
  const made = await visitor.submit(form, '#new-access-token', { description: 'sample' });
  const page = await visitor.visit(made.location);
  await paste('/gocd/access-token', page.$('#new-token').text());
}

async function paste(path: string, credential: string): Promise<void> {
  const page = await visitor.visit(started.url + path);
  await visitor.submit(page, `form[action="${path}"]`, { credential });
}
