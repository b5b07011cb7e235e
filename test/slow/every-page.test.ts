// Each kind of page, looked at in Chromium: in light and dark, narrow and wide, by axe with all of its
// rules, and what the browser itself has to say. What each page says is in test/every-page.test.ts.
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { complaintsOf, faultsInViews, logInOn, signInByHttp } from '../support/chromium-page.js';
import type { Provider } from '../support/failure-table.js';
import { closeAll, start, type Started } from '../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';
import { sourcePathOf } from '../support/walkthrough.js';

jest.setTimeout(120_000); // axe takes its time on a loaded machine

const describeWithChromium = findChromium() ? describe : describe.skip;

const REFRESH = 'token-refresh-refused';
const LARGEST_PAGE_BYTES = 60_000;
const BOTH = ['rally', 'gocd'] as const;

describeWithChromium('in Chromium, in every view,', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let started: Started;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page, started.url, started.sandbox.url);
  });
  afterEach(() => context.close());
  afterAll(() => browser.close());

  async function startApp(environment: Record<string, string> = {}): Promise<void> {
    started = await start({ environment: { RATE_LIMIT_PER_MINUTE: '0', ...environment } });
  }

  async function open(path: string, origin = started.url): Promise<void> {
    await page.goto(origin + path);
  }

  const heading = () => page.getByRole('heading', { level: 1 }).innerText();

  /** What the script of the Rally page adds. */
  async function listsAndCounts(): Promise<void> {
    await page.locator('[data-count]:empty').first().waitFor({ state: 'detached' });
    await page.locator('.load').waitFor({ state: 'hidden' });
  }

  async function openDetails(): Promise<void> {
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
  }

  describe('to somebody who is not connected,', () => {
    beforeAll(() => startApp());
    afterAll(closeAll);

    test.each([
      ['/', 'Sign in to Rally and to GoCD'],
      ['/walkthrough', 'The last sign-in, message by message'],
      ['/logout', 'Log out'],
      ['/rally', 'Not connected to Rally'],
      ['/rally/api-key', 'Use an API key for Rally'],
      ['/oauth-redirect?state=made-up&code=c', 'This sign-in was not begun here'],
      ['/rally?page=0', 'This address is not right'],
      ['/nothing', 'No such page'],
    ])('GET %s is readable for everybody', async (path, expected) => {
      await open(path);

      expect(await heading()).toBe(expected);
      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('the form that a refused API key comes back to is readable for everybody', async () => {
      await open('/rally/api-key');
      await page.getByLabel('API key').fill('_a-key-that-nobody-made');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();

      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });

  describe('to somebody who is connected to both,', () => {
    beforeAll(() => startApp());
    beforeEach(() => signInByHttp(context, started, ...BOTH));
    afterAll(closeAll);

    test.each([
      ['/', 'Sign in to Rally and to GoCD'],
      ['/rally?search=barn', 'Stories of Ada Finch'],
      ['/rally?type=defects&state=Open&sort=-updated&pagesize=20', 'Defects of Ada Finch'],
      ['/rally?type=tasks&search=unicorn', 'Tasks of Ada Finch'],
      ['/rally?page=9', 'Stories of Ada Finch'],
      ['/rally/choices?type=tasks', 'What to see of your tasks'],
      ['/gocd', 'Pipelines'],
      ['/gocd?text=unicorn', 'Pipelines'],
      ['/logout', 'Log out'],
    ])('GET %s is readable for everybody', async (path, expected) => {
      await open(path);

      expect(await heading()).toBe(expected);
      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('GET /rally is readable for everybody with its lists and counts, and with its filters open', async () => {
      await open('/rally?pagesize=20');
      await listsAndCounts();
      await openDetails();

      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('the source that a step of the walkthrough links to is readable for everybody', async () => {
      await open(`${await sourcePathOf('tokenRequest')}#tokenRequest`);

      expect(await heading()).toMatch(/^src\/.*\.ts$/);
      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('GET /walkthrough is readable for everybody, with all of its messages open', async () => {
      await open('/oauth-redirect?code=c&state=s'); // is refused, and shown
      await open('/walkthrough');
      await openDetails();

      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });

  describe('with odd pipelines,', () => {
    let stub: StubProvider;

    beforeAll(async () => {
      stub = await startStubProvider();
      started = await startWithStub(stub);
    });
    afterAll(async () => {
      await closeAll();
      await stub.close();
    });

    test('GET /gocd is readable for everybody, with its jobs open', async () => {
      const projects = (
        [
          ['a-name-that-goes-on-and-on-without-any-place-to-break-it', 'Failure', 'Sleeping'],
          ['building', 'Success', 'Building'],
          ['odd', 'Exception', 'Sleeping'],
        ] as const
      ).flatMap(([name, status, activity]) =>
        [`${name} :: build`, `${name} :: build :: compile`].map(
          (entry) =>
            `<Project name="${entry}" activity="${activity}" lastBuildStatus="${status}" lastBuildLabel="7" lastBuildTime="2026-11-22T10:00:00Z" webUrl="http://go.example/p" />`,
        ),
      );
      const xml = `<Projects>${projects.join('')}</Projects>`;
      stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', xml));
      stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub' }));
      const visitor = new Visitor();
      await comeBack(visitor, started, 'gocd');
      await context.addCookies(visitor.cookies());
      await open('/gocd');
      await openDetails();

      expect(await page.locator('.pipelines > li').count()).toBe(3);
      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });

  describe('without GoCD,', () => {
    beforeAll(() => startApp({ GOCD_SERVER: '', GOCD_CLIENT_ID: '', GOCD_CLIENT_SECRET: '' }));
    afterAll(closeAll);

    test.each(['/', '/gocd'])(
      'GET %s says how to configure it, readable for everybody',
      async (path) => {
        await open(path);

        expect(await page.getByText('GOCD_SERVER').count()).toBeGreaterThan(0);
        expect(await faultsInViews(page)).toEqual([]);
        expect(complaints).toEqual([]);
      },
    );
  });

  describe('when a provider fails,', () => {
    beforeAll(() => startApp());
    beforeEach(() => signInByHttp(context, started, ...BOTH));
    afterEach(() => {
      started.sandbox.world.failures.switchOff();
    });
    afterAll(closeAll);

    // One of each layout: all error pages share a template, and failures.test.ts reads their text.
    test.each([
      { failure: 'authorize-denied', provider: 'rally', shown: 'Access was denied', quotes: 1 },
      {
        failure: 'token-invalid-client',
        provider: 'gocd',
        shown: 'This app is not set up right at GoCD',
        quotes: 1,
      },
      { failure: 'token-503', provider: 'rally', shown: 'Rally is busy', quotes: 1 },
      {
        failure: REFRESH,
        provider: 'gocd',
        shown: 'GoCD no longer accepts this connection',
        quotes: 0,
      },
      { failure: 'wsapi-errors', provider: 'rally', shown: 'Rally could not answer', quotes: 1 },
    ] as const)(
      '$failure at $provider: $shown is readable for everybody',
      async ({ failure, provider, shown, quotes }) => {
        const isMetBySignIn = /^(authorize|token)-/.test(failure) && failure !== REFRESH;
        if (failure === REFRESH) started.sandbox.world[provider].grants.expireAccessTokens();
        switchOn(failure);
        await open(isMetBySignIn ? `/login/${provider}` : `/${provider}`);
        if (new URL(page.url()).origin === started.sandbox.url) await consent(provider);

        expect(await heading()).toBe(shown);
        expect(await page.locator('blockquote').count()).toBe(quotes);
        expect(await faultsInViews(page)).toEqual([]);
        expect(complaints).toEqual([]);
      },
    );

    function switchOn(name: string): void {
      const everywhere = { times: undefined, client: undefined, provider: undefined, seconds: 0 };
      started.sandbox.world.failures.switchOn({ name, ...everywhere });
    }

    async function consent(provider: Provider): Promise<void> {
      if (provider === 'gocd') await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: /Allow Access|Submit/ }).click();
      await page.waitForURL((url) => url.origin === started.url);
    }

    test('an API key that Rally no longer accepts: the page with every way out is readable for everybody', async () => {
      const { rally } = started.sandbox.world;
      const [ada] = rally.people;
      if (!ada) throw new Error('Rally has no people');
      const { secretKey } = rally.apiKeys.create(ada, 'a key', false);
      await open('/rally/api-key');
      await page.getByLabel('API key').fill(secretKey);
      await page.keyboard.press('Enter');
      await page.waitForURL(`${started.url}/rally`);
      await listsAndCounts(); // or the failure would strike a request of the script
      switchOn('wsapi-401');
      await open('/rally');

      expect(await heading()).toBe('Rally no longer accepts your API key');
      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });

  describe('the sandbox:', () => {
    beforeAll(async () => {
      await startApp();
      const { gocd } = started.sandbox.world;
      const administrator = gocd.people.find(({ isAdministrator }) => isAdministrator);
      const [client] = gocd.clients;
      if (!administrator || !client) throw new Error('GoCD has no administrator or no client');
      gocd.accessTokens.create(administrator, 'a token');
      gocd.grants.issueTokens(client, administrator);
    });
    afterAll(closeAll);

    test.each([
      '/',
      '/_sandbox',
      '/login',
      '/login/oauth2/auth?client_id=unknown',
      '/go/oauth/authorize?client_id=unknown',
    ])('%s is readable for everybody', async (path) => {
      await open(path, started.sandbox.url);

      expect(await faultsInViews(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('a login that is refused, and the consent page of Rally, are readable for everybody', async () => {
      await open('/login/rally');
      await logInOn(page, 'nobody');
      await page.getByRole('alert').waitFor();
      const faults = await faultsInViews(page);
      await logInOn(page, 'ada@example.test');
      await page.getByRole('button', { name: 'Allow Access' }).waitFor();

      expect([...faults, ...(await faultsInViews(page))]).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('the tabs of Rally’s Application Manager are readable for everybody', async () => {
      await signInByHttp(context, started, 'rally');
      const faults: string[] = [];
      for (const tab of ['#/apps', '#/keys', '#/clients']) {
        await open(`/login/accounts/index.html${tab}`, started.sandbox.url);
        faults.push(...(await faultsInViews(page)));
      }

      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('the pages of GoCD are readable for everybody', async () => {
      await open('/login/gocd');
      await logInOn(page, 'admin');
      await page.getByRole('checkbox').waitFor();
      const faults = await faultsInViews(page);
      for (const path of [
        ...['/go/pipelines', '/go/oauth/user_tokens', '/go/access_tokens'],
        ...['/go/admin/oauth/clients', '/go/admin/oauth/clients/new'],
      ]) {
        await open(path, started.sandbox.url);
        faults.push(...(await faultsInViews(page)));
      }

      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('the tables of the sandbox are read at 320 px without scrolling sideways', async () => {
      const { url: sandbox } = started.sandbox;
      await page.setViewportSize({ width: 320, height: 700 });
      await page.goto(`${sandbox}/go/auth/login`);
      await logInOn(page, 'admin');
      await page.waitForURL(`${sandbox}/go/pipelines`);
      const cut: string[] = [];
      for (const [path, label] of [
        ['/', 'Password: '],
        ['/_sandbox', 'Ends: '],
        ['/go/access_tokens', 'Last used: '],
        ['/go/admin/oauth/clients', 'OAuth Redirect URI: '],
        ['/go/oauth/user_tokens', undefined],
      ] as const) {
        await page.goto(sandbox + path);
        const [table, labels] = await page
          .locator('.scroll:has(table)')
          .evaluate((box) => [
            box.scrollWidth - box.clientWidth,
            [...box.querySelectorAll('td')].map(
              (cell) => getComputedStyle(cell, '::before').content,
            ),
          ]);
        if (table > 0) cut.push(`${path}: ${table} px`);
        if (label && !labels.includes(`"${label}"`)) cut.push(`${path}: no label ${label}`);
      }

      expect(cut).toEqual([]);
    });
  });

  describe('with the least data at the providers,', () => {
    beforeAll(async () => {
      started = await start({ sandbox: { stories: 1, pipelines: 1 } });
    });
    afterAll(closeAll);

    test.each(['/', '/rally', '/gocd', '/walkthrough', '/nothing'])(
      'GET %s weighs under 60 kB with all its files, without the data',
      async (path) => {
        // The data of the walkthrough are the messages of a sign-in.
        if (path !== '/walkthrough') await signInByHttp(context, started, 'rally', 'gocd');
        const responses: Response[] = [];
        page.on('response', (response) => responses.push(response));
        const last = page.waitForResponse(/\.svg$/); // the icon, which comes after the page has loaded
        await page.goto(started.url + path);
        await last;
        // What a script fetches are data.
        const files = responses.filter((each) => each.request().resourceType() !== 'fetch');
        const bodies = await Promise.all(files.map((file) => file.body()));
        const bytes = bodies.reduce((sum, { length }) => sum + length, 0);

        expect(bytes).toBeGreaterThan(4_000);
        expect(bytes).toBeLessThan(LARGEST_PAGE_BYTES);
      },
    );
  });
});
