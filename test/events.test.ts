// What the log says to whoever watches over this app: each refused sign-in is one line with an event,
// a provider and a reason, under the id that the person's page shows.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { allow, deny, goToConsent, signIn } from './support/dance.js';
import { closeAll, start, type Started } from './support/start.js';
import { Visitor, type Page } from './support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  started = await start();
  visitor = new Visitor();
});
afterEach(closeAll);

const SECRET = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';

/** Goes to the redirect URI of a sign-in under way, with a query that the provider did not send. */
async function comeBackWith(query: Record<string, string>): Promise<Page> {
  const { location } = await visitor.visit(`${started.url}/login/rally`);
  const state = location.searchParams.get('state') ?? '';
  const parameters = new URLSearchParams({ state, ...query });
  return visitor.visit(`${started.url}/oauth-redirect?${parameters.toString()}`);
}

const refusals: readonly [string, 'rally' | 'gocd', string, () => Promise<Page>][] = [
  [
    'a state that nobody issued',
    'rally',
    'state is unknown',
    () => visitor.visit(`${started.url}/oauth-redirect?state=made-up&code=${SECRET}`),
  ],
  [
    'an error without a state',
    'gocd',
    'state is missing',
    () => visitor.visit(`${started.url}/oauth-redirect/gocd?error=access-denied`),
  ],
  ['no code', 'rally', 'code is missing', () => comeBackWith({})],
  [
    'another issuer',
    'rally',
    'iss names another server',
    () => comeBackWith({ code: SECRET, iss: 'https://evil.example' }),
  ],
  [
    'a person who denies',
    'rally',
    'the authorization endpoint answered access_denied',
    async () => visitor.visit(await deny(visitor, await goToConsent(visitor, started, 'rally'))),
  ],
  [
    'an error code that is a secret',
    'rally',
    'the authorization endpoint answered Ovp8…3aQs',
    () => comeBackWith({ error: SECRET }),
  ],
  [
    'a code that the provider refuses',
    'rally',
    'the token endpoint answered invalid_grant',
    () => comeBackWith({ code: SECRET }),
  ],
  [
    'a key that cannot be one of Rally’s',
    'rally',
    'api-key malformed',
    async () => {
      const page = await visitor.visit(`${started.url}/rally/api-key`);
      return visitor.submit(page, 'main form', { credential: SECRET });
    },
  ],
  [
    'an API key that Rally refuses',
    'rally',
    'api-key not accepted',
    async () => {
      const page = await visitor.visit(`${started.url}/rally/api-key`);
      return visitor.submit(page, 'main form', { credential: `_${SECRET}` });
    },
  ],
  [
    'an access token that is none',
    'gocd',
    'access-token malformed',
    async () => {
      const page = await visitor.visit(`${started.url}/gocd/access-token`);
      return visitor.submit(page, 'main form', { credential: 'two words' });
    },
  ],
];

describe('a sign-in that is refused', () => {
  test.each(refusals)('for %s is an event', async (_what, provider, reason, refused) => {
    const page = await refused();
    const [event, ...others] = events('sign-in refused');

    expect(page.status).toBeGreaterThanOrEqual(400);
    expect(event).toMatchObject({ provider, reason });
    expect(others).toEqual([]);
    expect(started.log.join()).not.toContain(SECRET);
    const id = page.$('.hint code').text();
    if (id !== '') expect(event?.req.id).toBe(id);
  });

  test('for being one too many is an event', async () => {
    started = await start({ environment: { RATE_LIMIT_PER_MINUTE: '1' } });
    await visitor.visit(`${started.url}/login/gocd`);
    await visitor.visit(`${started.url}/login/gocd`);

    expect(events('sign-in refused')).toMatchObject([
      { level: 'warn', provider: 'gocd', reason: 'too many sign-ins from this address' },
    ]);
  });
});

test('a forged form is an event', async () => {
  await visitor.post(`${started.url}/logout`, {}, { Origin: 'https://evil.example' });

  expect(events('form refused')).toMatchObject([
    { level: 'warn', reason: 'the form is on another site' },
  ]);
});

test('a sign-in that succeeds is an event, and no refusal', async () => {
  await signIn(visitor, started, 'rally');
  const back = await allow(visitor, await goToConsent(visitor, started, 'gocd'));
  await visitor.visit(back);

  expect(events('signed in')).toMatchObject([
    { level: 'info', provider: 'rally', kind: 'oauth' },
    { level: 'info', provider: 'gocd', kind: 'oauth' },
  ]);
  expect(events('sign-in refused')).toEqual([]);
});

test('every error page shows an id, and the log has its request under it', async () => {
  for (const path of ['/nothing', '/rally', '/login/rally?return_to=x', '/oauth-redirect']) {
    const page = await visitor.visit(started.url + path);
    const id = page.$('.hint code').text();
    const lines = started.log.map((line) => JSON.parse(line) as Line);

    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(lines.filter(({ req }) => req.id === id).at(-1)).toMatchObject({
      msg: 'request answered',
      res: { status: page.status },
    });
  }
});

interface Line {
  readonly event?: string;
  readonly req: { readonly id: string };
}

function events(name: string): Line[] {
  return started.log.map((line) => JSON.parse(line) as Line).filter(({ event }) => event === name);
}
