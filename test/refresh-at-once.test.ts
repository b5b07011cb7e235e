// A refresh takes its time, and meanwhile the same person opens other pages, connects again or leaves.
// A refresh token works once: it is sent once, and what came for it is kept. security/refresh.test.ts
// has the log-out that wins.
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
  THIRD,
  type Connected,
} from './support/refreshing.js';
import { comeBack, hold, json, respond } from './support/stub-provider.js';
import type { Page } from './support/visitor.js';

const INVALID_GRANT = json({ error: 'invalid_grant' }, 400);
/** A server may give an access token that lives once more, at a refresh and at a sign-in. */
const FIRST_AGAIN = { ...THIRD, access_token: FIRST.access_token };

afterEach(async () => {
  jest.restoreAllMocks();
  await closeConnections();
});

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

/** Waits for something that the app does, as long as the test may take. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
