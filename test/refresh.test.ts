// The life of an access token, RFC 6749 §6: it is renewed in time, or once when the provider does not
// take it. security/refresh.test.ts has what a provider that says no ends, and one that is away does not.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  closeConnections,
  connectTo,
  FIRST,
  PROVIDERS,
  RALLY_USER,
  SECOND,
  secondsPass,
  THIRD,
} from './support/refreshing.js';
import { json } from './support/stub-provider.js';

afterEach(async () => {
  jest.restoreAllMocks();
  await closeConnections();
});

describe.each(PROVIDERS)('an access token of $provider', (at) => {
  const { name, refreshForm } = at;

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

  test('leaves one line in the log when it is renewed: which, where, and for whose request', async () => {
    const { started, visit } = await connectTo(at);
    secondsPass(1000);
    await visit();
    const lines = started.log.filter((line) => line.includes('token renewed'));

    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'info', provider: at.provider, pid: process.pid, req: { path: `/${at.provider}` } },
    ]);
    expect(lines.join()).not.toMatch(/the-\w+-(access|refresh)-token|the-client/);
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

  describe('when a refresh is refused', () => {
    test('in time, the token is not used for what is left of it', async () => {
      const { visit, answerTokens, refreshes, used } = await connectTo(at);
      secondsPass(950);
      answerTokens(json({ error: 'invalid_grant' }, 400));

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
