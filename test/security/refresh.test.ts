// SECURITY.md, C: a new token for the refresh token. test/refresh.test.ts has when there is one, and
// what else may happen meanwhile.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { signIn, tokenRequests } from '../support/dance.js';
import {
  closeConnections,
  connectTo,
  FIRST,
  PROVIDERS,
  REFUSED,
  SECOND,
  secondsPass,
  THIRD,
} from '../support/refreshing.js';
import { start } from '../support/start.js';
import { hang, hold, json, reset, respond, type Answer } from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

afterEach(async () => {
  jest.restoreAllMocks();
  await closeConnections();
});

/** Answers after which the same refresh token would be refused again: one of each kind. */
const REFUSALS: Record<'rally' | 'gocd', [what: string, answer: Answer][]> = {
  rally: [
    ['invalid_grant', json({ error: 'invalid_grant' }, 400)],
    ['invalid_client', json({ error: 'invalid_client' }, 401)],
    ['an error that RFC 6749 does not know', json({ error: 'something_new' }, 403)],
    ['an error with status 200', json({ error: 'invalid_grant', access_token: 'a-token' })],
    ['no token', json({ expires_in: 1000 })],
    ['a token that is an object', json({ access_token: {} })],
    ['a token with a line break', json({ access_token: 'a-token\r\nX-Injected: 1' })],
    ['JSON null', json(null)],
    ['a JSON list', json(['a-token'])],
  ],
  gocd: [
    ['invalid-grant, as GoCD spells it', json({ error: 'invalid-grant' }, 400)],
    ['invalid-client-credentials', json({ error: 'invalid-client-credentials' }, 400)],
    ['an empty token', json({ access_token: '' })],
  ],
};

type Absence = [what: string, answer: Answer, status: number];

const FAILS_IN_JSON: Absence = [
  'fails in JSON, as Rails and Spring do',
  json({ error: 'Internal Server Error' }, 500),
  502,
];
const IS_BUSY: Absence = [
  'is busy',
  respond(503, 'text/html', '<h1>Busy</h1>', { 'Retry-After': '9' }),
  503,
];
const CUTS: Absence = ['cuts the connection', reset, 502];
const NEVER_ANSWERS: Absence = ['never answers', hang, 504];

/** Answers of a server that cannot tell at the moment, and what the page says where that matters. */
const ABSENCES: Record<'rally' | 'gocd', Absence[]> = {
  rally: [
    FAILS_IN_JSON,
    ['is behind a proxy that does not find it', json({ error: 'Not Found' }, 404), 502],
    ['is behind a proxy that wants a password', respond(401, 'text/html', '<h1>No</h1>'), 502],
    IS_BUSY,
    ['has had too many requests', json({ error: 'slow_down' }, 429), 503],
    ['answers HTML', respond(200, 'text/html', '<h1>Welcome</h1>'), 502],
    ['answers nothing', respond(200, 'application/json', ''), 502],
    ['redirects', respond(302, 'text/html', '', { Location: '/elsewhere' }), 502],
    CUTS,
    NEVER_ANSWERS,
  ],
  gocd: [FAILS_IN_JSON, IS_BUSY, CUTS],
};

describe.each([
  { provider: 'rally', shows: 'Stories of Ada Finch' },
  { provider: 'gocd', shows: 'Pipelines' },
] as const)('thirty pages of $provider at once', ({ provider, shows }) => {
  test('C1 refresh an expired token once (RFC 9700 §4.14; ASVS 15.4.1-3)', async () => {
    const started = await start({ sandbox: { stories: 3, pipelines: 1 } });
    const visitor = new Visitor();
    await signIn(visitor, started, provider);
    for (let round = 1; round <= 2; round++) {
      started.sandbox.world[provider].grants.expireAccessTokens();
      started.sandbox.world.received.clear();
      const pages = await Promise.all(
        Array.from({ length: 30 }, () => visitor.visit(`${started.url}/${provider}`)),
      );

      expect(new Set(pages.map(({ status, $ }) => `${status} ${$('h1').text()}`))).toEqual(
        new Set([`200 ${shows}`]),
      );
      expect(tokenRequests(started)).toBe(1);
    }
  });
});

describe.each(PROVIDERS)('$name', (at) => {
  const { provider, other, name, tokenPath, apiPath } = at;
  const environmentFor = (answer: unknown) =>
    answer === hang ? { UPSTREAM_TIMEOUT_MS: '500' } : {};

  test('C2 a new refresh token replaces the old one at once (RFC 6749 §6)', async () => {
    const { visit, answerTokens, refreshes, used } = await connectTo(at);
    secondsPass(1000);
    await visit();
    await visit();
    expect(refreshes()).toHaveLength(1);

    secondsPass(1000);
    answerTokens(json(THIRD));
    await visit();
    expect(refreshes()[1]?.get('refresh_token')).toBe(SECOND.refresh_token);
    expect(used().at(-1)).toBe(THIRD.access_token);
  });

  test('C2 the old refresh token is kept as long as no new one comes (RFC 6749 §6)', async () => {
    const { visit, answerTokens, refreshes } = await connectTo(at);
    const { refresh_token: _none, ...answer } = SECOND;
    answerTokens(json(answer));
    for (let times = 0; times < 2; times++) {
      secondsPass(1000);
      expect((await visit()).status).toBe(200);
    }

    expect(refreshes().map((form) => form.get('refresh_token'))).toEqual([
      FIRST.refresh_token,
      FIRST.refresh_token,
    ]);
  });

  test.each(REFUSALS[provider])(
    'C3 a refresh refused by %s ends the connection, and that is that (RFC 6749 §5.2)',
    async (_what, answer) => {
      const { visitor, started, stub, visit, answerTokens, acceptOnly, refreshes } =
        await connectTo(at);
      acceptOnly(SECOND);
      answerTokens(answer);
      const page = await visit();
      expect(page.status).toBe(401);
      expect(page.$('h1').text()).toBe(`${name} no longer accepts this connection`);
      expect(page.$('.button').attr('href')).toBe(`/login/${provider}?return_to=/${provider}`);
      expect(refreshes()).toHaveLength(1);

      stub.received.length = 0;
      expect((await visit()).$('h1').text()).toBe(`Not connected to ${name}`);
      expect(stub.received).toEqual([]); // no loop
      expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    },
  );

  test.each([
    ['when it is refused', 0],
    ['in time', 1000],
  ])(
    'C3 a token renewed %s and refused again is not renewed once more (RFC 6749 §5.2)',
    async (_when, passed) => {
      const { visitor, started, stub, visit, refreshes } = await connectTo(at);
      secondsPass(passed);
      stub.answers.set(apiPath, REFUSED);
      const page = await visit();

      expect(page.status).toBe(401);
      expect(page.$('h1').text()).toBe(`${name} no longer accepts this connection`);
      expect((await visit()).$('h1').text()).toBe(`Not connected to ${name}`);
      expect(refreshes()).toHaveLength(1);
      expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    },
  );

  test.each([FAILS_IN_JSON, IS_BUSY, CUTS, ...(provider === 'rally' ? [NEVER_ANSWERS] : [])])(
    'C4 while the token endpoint %s, a token that lives is used (ASVS 16.5.2)',
    async (_what, answer) => {
      const connected = await connectTo(at, FIRST, environmentFor(answer));
      const { visit, answerTokens, refreshes, used } = connected;
      secondsPass(950);
      answerTokens(answer);
      expect((await visit()).status).toBe(200);

      answerTokens(json(SECOND));
      expect((await visit()).status).toBe(200);
      expect(used()).toEqual([FIRST.access_token, SECOND.access_token]);
      expect(refreshes()).toHaveLength(2);
    },
  );

  test.each(ABSENCES[provider])(
    'C4 when the token endpoint %s, nobody is signed out by that (ASVS 16.5.2)',
    async (_what, answer, status) => {
      const { visit, answerTokens, used } = await connectTo(at, FIRST, environmentFor(answer));
      secondsPass(1000);
      answerTokens(answer);
      const page = await visit();

      expect(page.status).toBe(status);
      expect(page.$('.button').text()).toBe('Try again');
      expect(page.$('.button').attr('href')).toBe(`/${provider}`);
      expect(used()).toEqual([]);

      answerTokens(json(SECOND));
      expect((await visit()).status).toBe(200);
      expect(used()).toEqual([SECOND.access_token]);
    },
  );

  test.each([
    ['is refused', 0],
    ['is refused near its end', 950],
  ])(
    'C4 when the token endpoint fails, a token that %s is kept with its refresh token (ASVS 16.5.2)',
    async (_which, passed) => {
      const { visit, answerTokens, acceptOnly, refreshes } = await connectTo(at);
      secondsPass(passed);
      acceptOnly(SECOND);
      answerTokens(json({ error: 'Internal Server Error' }, 500));
      expect((await visit()).status).toBe(502);
      expect(refreshes()).toHaveLength(1);

      answerTokens(json(SECOND));
      expect((await visit()).status).toBe(200);
    },
  );

  test.each(['/logout', `/logout/${provider}`])(
    'C5 a log-out by POST %s during a refresh wins (ASVS 7.4.1, 15.4.2)',
    async (path) => {
      const { started, stub, visitor, visit, acceptOnly, used } = await connectTo(at);
      const from = path === '/logout' ? `${started.url}/logout` : started.url;
      acceptOnly(SECOND);
      const held = hold(stub, tokenPath, json(SECOND));
      const slow = visit();
      const answerNow = await held;
      await visitor.submit(await visitor.visit(from), `form[action="${path}"]`);
      answerNow();

      expect((await slow).status).toBe(401);
      expect((await visit()).status).toBe(401);
      expect(used()).toEqual([FIRST.access_token]);
    },
  );
});
