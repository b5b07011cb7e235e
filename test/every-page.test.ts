// Every page in every state that a person can meet, looked at in Chromium: what it says, in light and
// dark, narrow and wide, and what the browser itself has to say about it.
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
import { findChromium, startChromium } from './support/chromium.js';
import { complaintsOf, faultsOf, VIEWS, type View } from './support/chromium-page.js';
import { failureTable, type Provider } from './support/failure-table.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { closeAll, start, type Started, type StartOptions } from './support/start.js';

jest.setTimeout(60_000); // each page is looked at from four sides by axe

const describeWithChromium = findChromium() ? describe : describe.skip;
const testWithRedis = findRedisServer() ? test : test.skip;

const PEOPLE = { rally: 'ada@example.test', gocd: 'ada' } as const;

/** For what never ends; everything else answers long before. */
const UPSTREAM_TIMEOUT_MS = '5000';

const REFRESH = 'token-refresh-refused';
const EXPIRY = 'expire-access-tokens';

const LARGEST_PAGE_BYTES = 60_000;

describeWithChromium('every page', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let started: Started;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  async function openBrowser(): Promise<void> {
    context = await browser.newContext();
    page = await context.newPage();
  }

  async function closeBrowser(): Promise<void> {
    await context.close();
    await closeAll();
  }

  async function startApp(options: StartOptions = {}): Promise<void> {
    const environment = { UPSTREAM_TIMEOUT_MS, RATE_LIMIT_PER_MINUTE: '0', ...options.environment };
    started = await start({ ...options, environment });
    complaints = complaintsOf(page, started.url, started.sandbox.url);
  }

  async function logInAtSandbox(provider: Provider): Promise<void> {
    const login = provider === 'rally' ? '/login' : '/go/auth/login';
    await page.goto(started.sandbox.url + login);
    await page.getByLabel('User name').fill(PEOPLE[provider]);
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith('login'));
  }

  /** From the button to the page that the app shows at the end, for somebody who is logged in. */
  async function connect(provider: Provider): Promise<string> {
    const consent = await page.goto(`${started.url}/login/${provider}`);
    if (new URL(page.url()).origin === started.url) return shown(consent);
    const answered = page.waitForResponse(
      (response) =>
        response.url().startsWith(started.url) && ![302, 303].includes(response.status()),
    );
    if (provider === 'gocd') await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: /Allow Access|Submit/ }).click();
    return shown(await answered);
  }

  async function open(path: string): Promise<string> {
    return shown(await page.goto(started.url + path));
  }

  /** Posts what no form of ours would. */
  async function post(path: string): Promise<string> {
    await page.goto(started.url);
    const answered = page.waitForResponse(
      (response) => response.url() === started.url + path && response.request().method() === 'POST',
    );
    await page.evaluate((action) => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action });
      document.body.append(form);
      form.submit();
    }, path);
    return shown(await answered);
  }

  async function shown(response: Response | null): Promise<string> {
    await page.waitForLoadState('load');
    return `${response?.status()} ${await page.getByRole('heading', { level: 1 }).innerText()}`;
  }

  async function look({ colorScheme, width }: View): Promise<string[]> {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    return [...(await faultsOf(page)), ...complaints];
  }

  async function lookFromAllSides(): Promise<string[]> {
    const faults: string[] = [];
    for (const view of VIEWS) faults.push(...(await look(view)));
    return faults;
  }

  describe('when a provider fails', () => {
    beforeAll(async () => {
      await openBrowser();
      await startApp();
      await logInAtSandbox('rally');
      await logInAtSandbox('gocd');
    });
    afterEach(() => {
      started.sandbox.world.failures.switchOff();
      complaints.length = 0;
    });
    afterAll(closeBrowser);

    // Where a page comes once more it is not looked at again.
    const rows = failureTable.map((row, index) => ({
      ...row,
      view: VIEWS[index % VIEWS.length] ?? VIEWS[0],
      isNew: failureTable.findIndex(({ shown }) => shown === row.shown) === index,
    }));

    test.each(rows)(
      '$failure at $provider: the app shows $shown, readable for everybody',
      async ({ failure, provider, shown: expected, view, isNew }) => {
        const { grants, failures } = {
          ...started.sandbox.world,
          ...started.sandbox.world[provider],
        };
        const isMetBySignIn = /^(authorize|token)-/.test(failure) && failure !== REFRESH;
        if (!isMetBySignIn) await connect(provider);
        if (failure === REFRESH || failure === EXPIRY) grants.expireAccessTokens();
        if (failure !== EXPIRY) {
          failures.switchOn({
            ...{ name: failure, times: undefined, client: undefined, provider: undefined },
            seconds: 0.05,
          });
        }
        const answer = isMetBySignIn ? await connect(provider) : await open(`/${provider}`);

        expect(answer).toBe(expected);
        expect(isNew ? await look(view) : complaints).toEqual([]);
      },
    );
  });

  describe('when all is well at the providers', () => {
    beforeEach(openBrowser);
    afterEach(closeBrowser);

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
    ])('GET %s says “%s” to somebody who is not connected', async (path, expected) => {
      await startApp();

      expect(await open(path)).toBe(expected);
      expect(await lookFromAllSides()).toEqual([]);
    });

    test.each([
      ['/', '200 Sign in to Rally and to GoCD'],
      ['/rally', '200 Stories of Ada Finch'],
      ['/rally?type=defects', '200 Defects of Ada Finch'],
      ['/rally?type=tasks', '200 Tasks of Ada Finch'],
      ['/rally?search=there+is+none', '200 Stories of Ada Finch'],
      ['/rally?page=0', '400 This address is not right'],
      ['/rally/choices', '200 What to see of your stories'],
      ['/gocd', '200 Pipelines'],
      ['/gocd?search=there+is+none', '200 Pipelines'],
      ['/logout', '200 Log out'],
    ])('GET %s says “%s” to somebody who is connected to both', async (path, expected) => {
      await startApp();
      for (const provider of ['rally', 'gocd'] as const) {
        await logInAtSandbox(provider);
        await connect(provider);
      }

      expect(await open(path)).toBe(expected);
      expect(await lookFromAllSides()).toEqual([]);
    });

    test.each([
      ['/logout', '403 This form was not accepted'],
      ['/rally', '405 Wrong method'],
    ])('POST %s without a form of ours says “%s”', async (path, expected) => {
      await startApp();

      expect(await post(path)).toBe(expected);
      expect(await lookFromAllSides()).toEqual([]);
    });

    test('a key that Rally does not know is refused on a page with the form', async () => {
      await startApp();
      await page.goto(`${started.url}/rally/api-key`);
      await page.getByLabel('API key').fill('_a-key-that-nobody-made');
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.keyboard.press('Enter');

      expect(await shown(await answered)).toBe('401 Use an API key for Rally');
      expect(await lookFromAllSides()).toEqual([]);
    });

    test('a provider that is not configured has a card and a page that say how to', async () => {
      const environment = { GOCD_SERVER: '', GOCD_CLIENT_ID: '', GOCD_CLIENT_SECRET: '' };
      await startApp({ environment });

      expect(await open('/gocd')).toBe('404 GoCD is not configured');
      expect(await lookFromAllSides()).toEqual([]);
      await open('/');
      expect(await page.getByText('GOCD_SERVER').count()).toBeGreaterThan(0);
      expect(await lookFromAllSides()).toEqual([]);
    });

    test('somebody who begins too many sign-ins reads when to go on', async () => {
      await startApp({ environment: { RATE_LIMIT_PER_MINUTE: '1' } });
      await open('/logout');

      expect(await open('/logout')).toBe('429 Too many sign-ins');
      expect(await lookFromAllSides()).toEqual([]);
    });

    testWithRedis('while sessions cannot be read, a page says so', async () => {
      const redis = await RedisServer.start();
      const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';
      await startApp({ environment: { REDIS_URL: redis.url, SESSION_SECRET } });
      await logInAtSandbox('rally');
      await connect('rally');
      await redis.close();

      expect(await open('/rally')).toBe('503 This app cannot look up your session');
      expect(await lookFromAllSides()).toEqual([]);
    });

    test.each(['/', '/rally', '/gocd', '/walkthrough', '/nothing'])(
      'GET %s weighs under 60 kB with all its files, without the data',
      async (path) => {
        await startApp({ sandbox: { stories: 1, pipelines: 1 } });
        for (const provider of ['rally', 'gocd'] as const) {
          await logInAtSandbox(provider);
          if (path !== '/walkthrough') await connect(provider); // whose data are the messages
        }
        await page.goto('about:blank'); // nothing of another page is counted
        const sizes: Promise<number>[] = [];
        page.on('response', (response) => {
          sizes.push(response.body().then(({ length }) => length));
        });
        await page.goto(started.url + path, { waitUntil: 'networkidle' });
        const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);

        expect(bytes).toBeGreaterThan(4_000);
        expect(bytes).toBeLessThan(LARGEST_PAGE_BYTES);
      },
    );
  });
});
