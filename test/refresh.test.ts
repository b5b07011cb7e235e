// The life of an access token, RFC 6749 §6: it is renewed in time, or once when the provider does not
// take it. A provider that says no ends the connection; one that is away ends nothing.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  closeConnections,
  connectTo,
  FIRST,
  PROVIDERS,
  RALLY_USER,
  REFUSED,
  SECOND,
  THIRD,
} from './support/refreshing.js';
import { hang, json, reset, respond, type Answer } from './support/stub-provider.js';

afterEach(async () => {
  jest.restoreAllMocks();
  await closeConnections();
});

/** By the app's clock, which then stands still. */
function secondsPass(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  jest.spyOn(Date, 'now').mockReturnValue(now);
}

const INVALID_GRANT = json({ error: 'invalid_grant' }, 400);

/** Answers after which the same refresh token would be refused again. */
const REFUSALS: [what: string, answer: Answer][] = [
  ['invalid_grant', INVALID_GRANT],
  ['invalid-grant, as GoCD spells it', json({ error: 'invalid-grant' }, 400)],
  ['invalid_client', json({ error: 'invalid_client' }, 401)],
  ['invalid-client-credentials', json({ error: 'invalid-client-credentials' }, 400)],
  ['unauthorized_client', json({ error: 'unauthorized_client' }, 400)],
  ['unsupported_grant_type', json({ error: 'unsupported_grant_type' }, 400)],
  ['an error that RFC 6749 does not know', json({ error: 'something_new' }, 403)],
  ['an error with status 200', json({ error: 'invalid_grant', access_token: 'a-token' })],
  ['no token', json({ expires_in: 1000 })],
  ['an empty token', json({ access_token: '' })],
  ['a token that is a number', json({ access_token: 7 })],
  ['a token that is null', json({ access_token: null })],
  ['a token that is a list', json({ access_token: ['a-token'] })],
  ['a token that is an object', json({ access_token: {} })],
  ['a token with a line break', json({ access_token: 'a-token\r\nX-Injected: 1' })],
  ['JSON null', json(null)],
  ['a JSON text', json('a-token')],
  ['a JSON number', json(7)],
  ['a JSON list', json(['a-token'])],
];

/** Answers of a server that cannot tell at the moment, and what the page says where that matters. */
const ABSENCES: [what: string, answer: Answer, status: number][] = [
  ['fails', respond(500, 'text/html', '<h1>Oops</h1>'), 502],
  ['fails in JSON, as Rails and Spring do', json({ error: 'Internal Server Error' }, 500), 502],
  ['is behind a proxy that fails in JSON', json({ error: 'Bad Gateway' }, 502), 502],
  ['is behind a proxy that does not find it', json({ error: 'Not Found' }, 404), 502],
  ['is behind a proxy that wants a password', respond(401, 'text/html', '<h1>No</h1>'), 502],
  ['is busy', respond(503, 'text/html', '<h1>Busy</h1>', { 'Retry-After': '9' }), 503],
  ['has had too many requests', json({ error: 'slow_down' }, 429), 503],
  ['answers HTML', respond(200, 'text/html', '<h1>Welcome</h1>'), 502],
  ['answers nothing', respond(200, 'application/json', ''), 502],
  ['answers half a JSON', respond(200, 'application/json', '{"access_token":"a'), 502],
  ['redirects', respond(302, 'text/html', '', { Location: '/elsewhere' }), 502],
  ['cuts the connection', reset, 502],
  ['never answers', hang, 504],
];

describe.each(PROVIDERS)('an access token of $provider', (at) => {
  const { provider, other, name, refreshForm } = at;

  test.each([
    [100, 10],
    [3600, 60],
  ])('that lives %i s is renewed when less than %i s are left', async (expires_in, left) => {
    secondsPass(0);
    const { visit, answerTokens, refreshes, used } = await connectTo(at, { ...FIRST, expires_in });
    for (const next of [SECOND, THIRD]) {
      answerTokens(json({ ...next, expires_in }));
      const before = refreshes().length;
      secondsPass(expires_in - left);
      await visit();
      expect(refreshes()).toHaveLength(before);

      secondsPass(0.001);
      expect((await visit()).status).toBe(200);
      expect(refreshes()).toHaveLength(before + 1);
      expect(used().at(-1)).toBe(next.access_token);
    }
  });

  test('is renewed with the refresh token, our credentials and nothing else', async () => {
    const { started, visit, refreshes } = await connectTo(at);
    secondsPass(1000);
    await visit();

    expect(refreshes().map((form) => Object.fromEntries(form))).toEqual([
      {
        refresh_token: FIRST.refresh_token,
        client_id: 'the-client',
        ...refreshForm(started.url),
      },
    ]);
  });

  test('is renewed a second time with the refresh token that came with it', async () => {
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

  test('is renewed with the old refresh token as long as no new one comes', async () => {
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

  test('whose end is not known is renewed when it is refused', async () => {
    const { refresh_token, access_token } = FIRST;
    const { visit, acceptOnly, refreshes } = await connectTo(at, { access_token, refresh_token });
    secondsPass(7 * 60 * 60); // a session left alone ends after eight hours
    await visit();
    expect(refreshes()).toHaveLength(0);

    acceptOnly(SECOND);
    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test('without a refresh token is used to its end, and ends the connection', async () => {
    const { access_token, expires_in } = FIRST;
    const { stub, visit, refreshes } = await connectTo(at, { access_token, expires_in });
    secondsPass(999);
    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(0);

    secondsPass(1);
    stub.received.length = 0;
    const page = await visit();

    expect(page.status).toBe(401);
    expect(page.text).toContain(`Your connection to ${name} has ended: its time is over.`);
    expect((await visit()).text).not.toContain('its time is over');
    expect(stub.received).toEqual([]);
  });

  test('without a refresh token ends the connection when it is refused', async () => {
    const { visit, acceptOnly, refreshes } = await connectTo(at, {
      access_token: FIRST.access_token,
    });
    acceptOnly(SECOND);

    expect((await visit()).$('h1').text()).toBe(`${name} no longer accepts this connection`);
    expect(refreshes()).toHaveLength(0);
  });

  test('that is refused is renewed, and the page is shown', async () => {
    const { visit, acceptOnly, refreshes, used } = await connectTo(at);
    acceptOnly(SECOND);

    expect((await visit()).status).toBe(200);
    expect((await visit()).status).toBe(200);
    expect(used()).toEqual([FIRST, SECOND, SECOND].map(({ access_token }) => access_token));
    expect(refreshes()).toHaveLength(1);
  });

  test.each([
    ['when it is refused', 0],
    ['in time', 1000],
  ])(
    'renewed %s and refused again ends the connection after one refresh',
    async (_when, passed) => {
      const { visitor, started, stub, visit, refreshes } = await connectTo(at);
      secondsPass(passed);
      stub.answers.set(at.apiPath, REFUSED);
      const page = await visit();

      expect(page.status).toBe(401);
      expect(page.$('h1').text()).toBe(`${name} no longer accepts this connection`);
      expect((await visit()).$('h1').text()).toBe(`Not connected to ${name}`);
      expect(refreshes()).toHaveLength(1);
      expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    },
  );

  describe('when a refresh is refused', () => {
    test.each(REFUSALS)('by %s, the connection ends, and that is that', async (_what, answer) => {
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
    });

    test('in time, the token is not used for what is left of it', async () => {
      const { visit, answerTokens, refreshes, used } = await connectTo(at);
      secondsPass(950);
      answerTokens(INVALID_GRANT);

      expect((await visit()).status).toBe(401);
      expect((await visit()).status).toBe(401);
      expect(refreshes()).toHaveLength(1);
      expect(used()).toEqual([]);
    });

    test('no token stands in the log', async () => {
      const { started, visit, answerTokens } = await connectTo(at);
      secondsPass(1000);
      answerTokens(json({ error: 'invalid_grant', error_description: FIRST.refresh_token }, 400));
      await visit();

      expect(started.log.join('')).toContain('refused to renew a token');
      expect(started.log.join('')).not.toMatch(/the-\w+-(access|refresh)-token/);
    });
  });

  describe('when the token endpoint', () => {
    const environmentFor = (answer: unknown) =>
      answer === hang ? { UPSTREAM_TIMEOUT_MS: '1000' } : {};

    test.each(ABSENCES)('%s: a token that lives is used', async (_what, answer) => {
      const { visit, answerTokens, refreshes, used } = await connectTo(
        at,
        FIRST,
        environmentFor(answer),
      );
      secondsPass(950);
      answerTokens(answer);
      expect((await visit()).status).toBe(200);

      answerTokens(json(SECOND));
      expect((await visit()).status).toBe(200);
      expect(used()).toEqual([FIRST.access_token, SECOND.access_token]);
      expect(refreshes()).toHaveLength(2);
    });

    test.each(ABSENCES)('%s: nobody is signed out by that', async (_what, answer, status) => {
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
    });

    test.each([
      ['that is refused', 0],
      ['that is refused near its end', 950],
    ])('is away: a token %s is kept with its refresh token', async (_which, passed) => {
      const { visit, answerTokens, acceptOnly, refreshes } = await connectTo(at);
      secondsPass(passed);
      acceptOnly(SECOND);
      answerTokens(json({ error: 'Internal Server Error' }, 500));
      expect((await visit()).status).toBe(502);
      expect(refreshes()).toHaveLength(1);

      answerTokens(json(SECOND));
      expect((await visit()).status).toBe(200);
    });
  });
});

test('a renewed connection belongs to the same person since the same time', async () => {
  const [rally] = PROVIDERS;
  const { started, stub, visitor, visit } = await connectTo(rally);
  const since = async () => {
    const page = await visitor.visit(started.url);
    return page.$('#card-rally').parent().find('strong, time').text();
  };
  const before = await since();
  secondsPass(1000);
  await visit();

  expect(before).toMatch(/^Ada\d{4}-/);
  expect(await since()).toBe(before);
  expect(stub.received.filter(({ line }) => line === `GET ${RALLY_USER}`)).toHaveLength(1);
});
