// The whole dance through the app and the sandbox, for each provider: first as it should go, then
// one refusal a test. The first test file to read.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { allow, deny, goToConsent, signIn, tokenRequests } from './support/dance.js';
import { closeAll, start, type Started } from './support/start.js';
import { Visitor } from './support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  started = await start();
  visitor = new Visitor();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

describe.each([
  { provider: 'rally', redirectPath: '/oauth-redirect', shows: 'Barn door sensor' },
  { provider: 'gocd', redirectPath: '/oauth-redirect/gocd', shows: 'barn-door' },
] as const)('signing in to $provider', ({ provider, redirectPath, shows }) => {
  const other = provider === 'rally' ? 'gocd' : 'rally';
  const page = `/${provider}`;

  test('ends on the page that shows what the token opens', async () => {
    const end = await signIn(visitor, started, provider);

    expect(end.url.href).toBe(started.url + page);
    expect(end.status).toBe(200);
    expect(end.text).toContain(shows);
    const home = await visitor.visit(started.url);
    expect(home.$(`#card-${provider} ~ .state`).text()).toContain('Connected');
    expect(home.$(`#card-${other} ~ .state`).text()).toContain('Not connected');
  });

  test('asks with a new UUID state, the registered redirect URI and a PKCE challenge', async () => {
    const first = (await visitor.visit(`${started.url}/login/${provider}`)).location.searchParams;
    const second = (await visitor.visit(`${started.url}/login/${provider}`)).location.searchParams;

    expect(first.get('state')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(second.get('state')).not.toBe(first.get('state'));
    expect(first.get('response_type')).toBe('code');
    expect(first.get('redirect_uri')).toBe(started.url + redirectPath);
    expect(first.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(first.get('code_challenge_method')).toBe('S256');
  });

  test('renews the session id, and the former one is worth nothing', async () => {
    const former = sessionCookie(await visitor.visit(`${started.url}/login/${provider}`));
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const renewed = sessionCookie(await visitor.visit(back));

    expect(renewed).toMatch(/^sid=/);
    expect(renewed).not.toBe(former);
    const whoeverPlantedIt = new Visitor();
    const seen = await whoeverPlantedIt.visit(started.url + page, { Cookie: former });
    expect(seen.status).toBe(401);
  });

  test('keeps the connection to the other provider', async () => {
    await signIn(visitor, started, other);
    await signIn(visitor, started, provider);

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });

  test('returns to the page that asked for it', async () => {
    const { location } = await visitor.visit(`${started.url}/login/${provider}?return_to=/`);
    const login = await visitor.browse(location);
    const username = provider === 'rally' ? 'ada@example.test' : 'ada';
    const signedIn = await visitor.submit(login, 'form', { username, password: 'sandbox' });
    const back = await allow(visitor, await visitor.visit(signedIn.location));

    expect((await visitor.visit(back)).location.href).toBe(`${started.url}/`);
  });

  test('works in several tabs that were opened at the same moment', async () => {
    await visitor.visit(`${started.url}/login/${provider}`);
    const tabs = await Promise.all(
      Array.from({ length: 15 }, () => visitor.visit(`${started.url}/login/${provider}`)),
    );
    await goToConsent(visitor, started, provider);
    for (const tab of tabs) {
      const back = await allow(visitor, await visitor.visit(tab.location));
      expect((await visitor.visit(back)).location.pathname).toBe(page);
    }
  });

  test('keeps the twenty newest of very many sign-ins under way', async () => {
    const tabs = [];
    for (let opened = 0; opened < 22; opened++) {
      tabs.push((await visitor.visit(`${started.url}/login/${provider}`)).location.searchParams);
    }
    const comeBack = (tab: URLSearchParams | undefined) =>
      visitor.visit(
        `${started.url}${redirectPath}?state=${tab?.get('state') ?? ''}&error=access_denied`,
      );

    expect((await comeBack(tabs[1])).text).toContain('was not begun here');
    expect((await comeBack(tabs[2])).text).toContain('Access was denied');
    expect((await comeBack(tabs[21])).text).toContain('Access was denied');
  });

  test('refuses a redirect when no sign-in was begun', async () => {
    const withoutState = await visitor.visit(`${started.url}${redirectPath}?code=stolen`);
    const withState = await visitor.visit(
      `${started.url}${redirectPath}?code=stolen&state=made-up`,
    );

    expect(withoutState.status).toBe(403);
    expect(withState.status).toBe(403);
    expect(tokenRequests(started)).toBe(0);
  });

  test('refuses a state that it did not issue, and leaves the sign-in under way alone', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const forged = new URL(back);
    forged.searchParams.set('state', '11111111-1111-4111-8111-111111111111');

    expect((await visitor.visit(forged)).status).toBe(403);
    expect(tokenRequests(started)).toBe(0);
    expect((await visitor.visit(back)).status).toBe(303);
  });

  test('refuses a state that another browser began', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const victim = new Visitor();
    await victim.visit(`${started.url}/login/${provider}`);

    expect((await victim.visit(back)).status).toBe(403);
    expect(tokenRequests(started)).toBe(0);
  });

  test('refuses a state that was spent, also by requests at the same moment', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const answers = await Promise.all(Array.from({ length: 12 }, () => visitor.visit(back)));

    const statuses = answers.map(({ status }) => status).sort();

    expect(statuses).toEqual([303, ...Array<number>(11).fill(403)]);
    expect(tokenRequests(started)).toBe(1);
    expect((await visitor.visit(back)).status).toBe(403);
  });

  test('refuses its state at the redirect URI of the other provider', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const elsewhere = new URL(back);
    elsewhere.pathname = provider === 'rally' ? '/oauth-redirect/gocd' : '/oauth-redirect';

    expect((await visitor.visit(elsewhere)).status).toBe(403);
    expect(tokenRequests(started)).toBe(0);
    expect((await visitor.visit(back)).status).toBe(303);
  });

  test('refuses a state that is older than ten minutes', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * 60 * 1000 + 1);

    const answer = await visitor.visit(back);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('stale');
    expect(tokenRequests(started)).toBe(0);
  });

  test('tells who denied access that nothing was changed', async () => {
    const back = await deny(visitor, await goToConsent(visitor, started, provider));
    const answer = await visitor.visit(back);

    expect(answer.status).toBe(403);
    expect(answer.text).toMatch(/denied/);
    expect(tokenRequests(started)).toBe(0);
    expect((await visitor.visit(started.url + page)).status).toBe(401);
  });

  test('asks to start again when the code is refused', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    back.searchParams.set('code', 'not-the-one-that-was-issued');
    const answer = await visitor.visit(back);

    expect(answer.status).toBe(400);
    expect(answer.$('.button').attr('href')).toBe(`/login/${provider}`);
  });

  test('asks to start again when there is no code', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    back.searchParams.delete('code');

    expect((await visitor.visit(back)).status).toBe(400);
    expect(tokenRequests(started)).toBe(0);
  });

  test.each([
    ['state', 403],
    ['code', 400],
    ['error', 400],
  ] as const)('refuses a redirect that has %s twice with %i', async (name, status) => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    const value = back.searchParams.get(name) ?? 'access_denied';
    back.searchParams.delete(name);
    back.searchParams.append(name, value);
    back.searchParams.append(name, value);

    expect((await visitor.visit(back)).status).toBe(status);
    expect(tokenRequests(started)).toBe(0);
  });

  test('refuses an answer that another issuer claims to have given', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    back.searchParams.set('iss', 'https://attacker.example');

    expect((await visitor.visit(back)).status).toBe(403);
    expect(tokenRequests(started)).toBe(0);
  });

  test('shows an error page when the provider dies in the middle', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    started.sandbox.server.close();
    started.sandbox.server.closeAllConnections();
    const answer = await visitor.visit(back);

    expect(answer.status).toBe(502);
    expect(answer.text).toContain(provider === 'rally' ? 'RALLY_SERVER' : 'GOCD_SERVER');
    expect(answer.text).not.toMatch(/ at .+\.js:\d+/);
    expect((await visitor.visit(started.url)).status).toBe(200);
  });
});

test('GoCD’s error without a state is a 403 that leaves the sign-in under way alone', async () => {
  const back = await allow(visitor, await goToConsent(visitor, started, 'gocd'));
  const error = await visitor.visit(`${started.url}/oauth-redirect/gocd?error=access-denied`);

  expect(error.status).toBe(403);
  expect(error.text).toContain('access was denied');
  for (const code of ['made-up', 'constructor', '__proto__', '<script>']) {
    const other = await visitor.visit(`${started.url}/oauth-redirect/gocd?error=${code}`);
    expect(other.status).toBe(403);
    expect(other.$('h1').text()).toBe('This sign-in was not begun here');
  }
  expect((await visitor.visit(back)).status).toBe(303);
});

test('no token, code or secret reaches a page, a URL of ours, or the log', async () => {
  const consent = await goToConsent(visitor, started, 'rally');
  const back = await allow(visitor, consent);
  const code = back.searchParams.get('code') ?? 'none';
  const pages = [
    await visitor.visit(back),
    await visitor.visit(`${started.url}/rally`),
    await visitor.visit(started.url),
    await visitor.visit(back),
  ];
  const { clients, grants } = started.sandbox.world.rally;
  const tokens = grants.lines.flatMap(({ tokens: pair }) =>
    pair ? [pair.accessToken, pair.refreshToken] : [],
  );
  const secrets = [code, ...tokens, ...clients.map(({ secret }) => secret)];
  const out = [...pages.map(({ text, headers }) => text + JSON.stringify(headers)), ...started.log];

  expect(secrets).toHaveLength(5); // Flowdock is a client, too
  expect(started.log.length).toBeGreaterThan(4);
  for (const secret of secrets) expect(out.filter((text) => text.includes(secret))).toEqual([]);
});

function sessionCookie({ headers }: { headers: Readonly<Record<string, unknown>> }): string {
  return String(headers['set-cookie']).split(';')[0] ?? '';
}
