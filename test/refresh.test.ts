// The life of an access token, RFC 6749 §6: it is renewed in time, or once when the provider does not
// take it. security/refresh.test.ts has what a provider that says no ends, and one that is away does not.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  closeConnections,
  connectTo,
  FIRST,
  ME,
  PROVIDERS,
  RALLY_USER,
  REFUSED,
  SECOND,
  secondsPass,
  THIRD,
  type Connected,
} from './support/refreshing.js';
import { comeBack, hold, json, respond } from './support/stub-provider.js';
import { until } from './support/until.js';
import type { Page } from './support/visitor.js';

const INVALID_GRANT = json({ error: 'invalid_grant' }, 400);
/** A server may give an access token that lives once more, at a refresh and at a sign-in. */
const FIRST_AGAIN = { ...THIRD, access_token: FIRST.access_token };

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

// A refresh takes its time, and meanwhile the same person opens other pages, connects again or logs out.

describe.each(PROVIDERS)('while the token of $provider is renewed', (at) => {
  const { provider, other, name, tokenPath, apiPath } = at;

  /** Opens the page, whose token has ended, and lets something happen before there is a new one. */
  async function during(
    { stub, visit, acceptOnly }: Connected,
    happens: () => Promise<unknown>,
    answer = json(SECOND),
  ): Promise<Page> {
    acceptOnly(SECOND);
    const held = hold(stub, tokenPath, answer);
    const slow = visit();
    const answerNow = await held;
    await happens();
    answerNow();
    return slow;
  }

  test.each([
    ['gives a token', json(SECOND), THIRD],
    ['is refused', INVALID_GRANT, THIRD],
    ['gives a token, also by the same access token', json(SECOND), FIRST_AGAIN],
    ['is refused, also by the same access token', INVALID_GRANT, FIRST_AGAIN],
  ])('a new sign-in wins when the refresh %s', async (_what, answer, tokens) => {
    const connected = await connectTo(at);
    const { started, visitor, visit, answerTokens, acceptOnly, used } = connected;
    const page = await during(
      connected,
      async () => {
        answerTokens(json(tokens));
        await comeBack(visitor, started, provider);
      },
      answer,
    );

    expect(page.status).toBe(401);
    acceptOnly(tokens);
    expect((await visit()).status).toBe(200);
    expect(used()).toEqual([FIRST.access_token, tokens.access_token]);
  });

  test('a sign-in at the other provider loses nothing', async () => {
    const connected = await connectTo(at);
    const { started, visitor, visit, refreshes } = connected;
    const page = await during(connected, () => comeBack(visitor, started, other));

    expect(page.status).toBe(200);
    expect((await visit()).status).toBe(200);
    expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test('the browser may leave: the new token is kept', async () => {
    const connected = await connectTo(at);
    const { started, stub, cookie, visit, acceptOnly, refreshes } = connected;
    acceptOnly(SECOND);
    const held = hold(stub, tokenPath, json(SECOND));
    const browser = new AbortController();
    const left = fetch(`${started.url}/${provider}`, {
      headers: { Cookie: cookie },
      signal: browser.signal,
    });
    const answerNow = await held;
    browser.abort();
    await expect(left).rejects.toThrow(/abort/);
    await until(() => started.log.some((line) => line.includes('upstream_cancelled')));
    answerNow();

    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test('the browser is answered within 25 s, and the new token is kept', async () => {
    const { stub, visit, acceptOnly, refreshes } = await connectTo(at);
    const held = hold(stub, tokenPath, json(SECOND));
    stub.answers.set(apiPath, (request, response) => {
      const now = performance.now() + 25_000;
      jest.spyOn(performance, 'now').mockReturnValue(now);
      REFUSED(request, response);
    });
    const page = await visit();
    (await held)();
    acceptOnly(SECOND);

    expect(page.status).toBe(504);
    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test.each([
    ['all have its token', json(SECOND), 200],
    ['are told that it was refused', INVALID_GRANT, 401],
    ['are told that the provider is away', respond(500, 'text/html', '<h1>Oops</h1>'), 502],
  ])('other pages wait for it, and %s', async (_what, answer, status) => {
    const connected = await connectTo(at);
    const { started, visitor, visit, used, refreshes } = connected;
    const others: Promise<Page>[] = [];
    const page = await during(
      connected,
      async () => {
        for (let opened = 0; opened < 10; opened++) others.push(visit());
        await until(() => used().length === 11); // the old token is refused to all of them
        await visitor.visit(started.url); // the app has read that before this
      },
      answer,
    );
    const pages = [page, ...(await Promise.all(others))];

    expect(pages.map((each) => each.status)).toEqual(Array(11).fill(status));
    expect(refreshes()).toHaveLength(1);
  });

  test('a page that was begun before goes on with the new token, and brings back no old one', async () => {
    const { stub, visit, acceptOnly, refreshes } = await connectTo(at);
    const held = hold(stub, apiPath, REFUSED);
    const slow = visit();
    const refuseNow = await held;
    acceptOnly(SECOND);
    expect((await visit()).status).toBe(200);
    refuseNow();

    expect((await slow).status).toBe(200);
    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test('a page that was begun before asks for no other when the token is the same again', async () => {
    const { stub, visit, answerTokens, acceptOnly, refreshes } = await connectTo(at);
    answerTokens(json(FIRST_AGAIN));
    const held = hold(stub, apiPath, REFUSED);
    const slow = visit();
    const refuseNow = await held;
    stub.answers.set(apiPath, (request, response) => {
      REFUSED(request, response);
      acceptOnly(FIRST_AGAIN);
    });
    expect((await visit()).status).toBe(200);
    refuseNow();

    expect((await slow).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  // Whoever planted a session in somebody's browser could wait in it for what that person connects.
  test('a page that was begun before a sign-in gets nothing of what that connected', async () => {
    const { started, stub, visitor, visit, answerTokens, acceptOnly, used } = await connectTo(at);
    const held = hold(stub, apiPath, REFUSED);
    const slow = visit();
    const refuseNow = await held;
    acceptOnly(THIRD);
    answerTokens(json(THIRD));
    await comeBack(visitor, started, provider);
    refuseNow();
    const page = await slow;

    expect(page.status).toBe(401);
    expect(page.text).toContain(`your connection to ${name} was ended or replaced`);
    expect(used()).toEqual([FIRST.access_token]);
    expect((await visit()).status).toBe(200);
  });
});

describe('a page of rally that learns late whose connection it is', () => {
  /** Connects without a name, opens the page, and lets something happen before Rally says it. */
  async function during(
    { started, stub, visitor, visit, answerTokens }: Connected,
    happens: () => Promise<unknown>,
  ) {
    stub.answers.set(RALLY_USER, respond(500, 'text/html', 'not now'));
    answerTokens(json(FIRST));
    await comeBack(visitor, started, 'rally');
    answerTokens(json(SECOND));
    const held = hold(stub, RALLY_USER, ME);
    const slow = visit();
    const answerNow = await held;
    await happens();
    answerNow();
    return slow;
  }

  test('does not bring back the old token', async () => {
    const connected = await connectTo(PROVIDERS[0]);
    const { stub, visit, acceptOnly, refreshes } = connected;
    const page = await during(connected, async () => {
      stub.answers.set(RALLY_USER, ME);
      acceptOnly(SECOND);
      expect((await visit()).status).toBe(200);
    });

    expect(page.status).toBe(200);
    expect((await visit()).status).toBe(200);
    expect(refreshes()).toHaveLength(1);
  });

  test('does not give its name to who has signed in since', async () => {
    const connected = await connectTo(PROVIDERS[0]);
    const { started, stub, visitor, answerTokens } = connected;
    await during(connected, async () => {
      stub.answers.set(RALLY_USER, json({ User: { Errors: [], ObjectID: 8, DisplayName: 'Sol' } }));
      answerTokens(json(THIRD));
      await comeBack(visitor, started, 'rally');
    });

    expect((await visitor.visit(started.url)).$('#card-rally ~ .state').text()).toContain('Sol');
  });
});
