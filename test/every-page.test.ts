// Every page in every state that a person can meet, over HTTP: its status, its heading, and, where
// something is wrong, that it says what to do now. test/sandbox/failures.test.ts has the pages that
// come of a provider's failures; test/slow/every-page.test.ts looks at each kind in Chromium.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { signIn } from './support/dance.js';
import { closeAll, start, type Started, type StartOptions } from './support/start.js';
import { Visitor, type Page } from './support/visitor.js';

const NO_GOCD = { GOCD_SERVER: '', GOCD_CLIENT_ID: '', GOCD_CLIENT_SECRET: '' };

let started: Started;

async function startApp(options: StartOptions = {}): Promise<void> {
  started = await start({
    ...options,
    environment: { RATE_LIMIT_PER_MINUTE: '0', ...options.environment },
  });
}

/** The status and the heading of a page; throws where an error does not say what to do. */
function shown({ url, status, $ }: Page): string {
  const { happened, next } = {
    happened: $('h1 + p').text(),
    next: $('h2:contains("What to do") + p').text(),
  };
  if (status >= 400 && (happened === '' || next === '')) {
    throw new Error(`${url.href} does not say what happened and what to do`);
  }
  return `${status} ${$('h1').text()}`;
}

describe('every page, to somebody who is not connected', () => {
  beforeAll(() => startApp());
  afterAll(closeAll);

  test.each([
    ['/', '200 Sign in to Rally and to GoCD'],
    ['/walkthrough', '200 The last sign-in, message by message'],
    ['/logout', '200 Log out'],
    ['/rally', '401 Not connected to Rally'],
    ['/gocd', '401 Not connected to GoCD'],
    ['/rally/api-key', '200 Use an API key for Rally'],
    ['/gocd/access-token', '200 Use a personal access token for GoCD'],
    ['/oauth-redirect?state=made-up&code=c', '403 This sign-in was not begun here'],
    ['/oauth-redirect/gocd?error=access-denied', '403 The sign-in was not completed'],
    ['/login/rally?return_to=//evil.example', '400 This address is not right'],
    ['/rally?page=0', '400 This address is not right'],
    ['/nothing', '404 No such page'],
  ])('GET %s says “%s”', async (path, expected) => {
    expect(shown(await new Visitor().visit(started.url + path))).toBe(expected);
  });

  test.each([
    ['/logout', '403 This form was not accepted'],
    ['/rally', '405 Wrong method'],
  ])('POST %s without a form of ours says “%s”', async (path, expected) => {
    expect(shown(await new Visitor().post(started.url + path))).toBe(expected);
  });
});

describe('every page, to somebody who is connected to both', () => {
  const visitor = new Visitor();

  beforeAll(async () => {
    await startApp();
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
  });
  afterAll(closeAll);

  test.each([
    ['/', '200 Sign in to Rally and to GoCD'],
    ['/rally', '200 Stories of Ada Finch'],
    ['/rally?type=defects', '200 Defects of Ada Finch'],
    ['/rally?type=tasks', '200 Tasks of Ada Finch'],
    ['/rally?search=there+is+none', '200 Stories of Ada Finch'],
    ['/rally?page=0', '400 This address is not right'],
    ['/rally/choices', '200 What to see of your stories'],
    ['/gocd', '200 Pipelines'],
    ['/gocd?text=there+is+none', '200 Pipelines'],
    ['/logout', '200 Log out'],
  ])('GET %s says “%s”', async (path, expected) => {
    expect(shown(await visitor.visit(started.url + path))).toBe(expected);
  });
});

describe('every page, where this app or the browser stands in the way', () => {
  afterEach(closeAll);

  test('a provider that is not configured has a card and a page that say how to', async () => {
    await startApp({ environment: NO_GOCD });
    const visitor = new Visitor();

    expect(shown(await visitor.visit(`${started.url}/gocd`))).toBe('404 GoCD is not configured');
    expect((await visitor.visit(started.url)).$('#card-gocd').parent().text()).toContain(
      'GOCD_SERVER',
    );
  });

  test('somebody who begins too many sign-ins reads when to go on', async () => {
    await startApp({ environment: { RATE_LIMIT_PER_MINUTE: '1' } });
    const visitor = new Visitor();
    await visitor.visit(`${started.url}/login/rally`);
    const page = await visitor.visit(`${started.url}/login/rally`);

    expect(shown(page)).toBe('429 Too many sign-ins');
    expect(page.text).toContain('Wait a minute');
  });
});
