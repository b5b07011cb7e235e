// A person's way through both sign-ins in a real Chromium: what they see, and what the browser
// itself has to say about it (policies, accessibility, width).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findChromium, startChromium } from './support/chromium.js';
import { complaintsOf, faultsOf, logInOn, signInByHttp } from './support/chromium-page.js';
import { signIn } from './support/dance.js';
import { closeAll, start, type Started } from './support/start.js';
import { Visitor } from './support/visitor.js';

// Without a Chromium, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithChromium = findChromium() ? describe : describe.skip;

describeWithChromium('in Chromium', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let started: Started;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    started = await start();
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page, started.url, started.sandbox.url);
  });
  afterEach(async () => {
    await context.close();
    await closeAll();
  });

  async function signInToRally(): Promise<void> {
    await page.goto(started.url);
    await page.getByRole('link', { name: 'Connect to Rally' }).click();
    await logInOn(page, 'ada@example.test');
    await page.getByRole('button', { name: 'Allow Access' }).click();
    await page.waitForURL(`${started.url}/rally`);
  }

  async function signInToGoCD(): Promise<void> {
    await page.goto(started.url);
    await page.getByRole('link', { name: 'Connect to GoCD' }).click();
    await logInOn(page, 'ada');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.waitForURL(`${started.url}/gocd`);
  }

  test('a person connects to both, reads their work, and logs out', async () => {
    await signInToRally();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Stories of Ada Finch');
    expect(await page.getByRole('row').count()).toBe(51);

    await signInToGoCD();
    expect(await page.getByRole('heading', { name: 'fence-alarm' }).count()).toBe(1);
    expect(await page.getByText('broken by ada, sol').count()).toBe(1);

    await page.getByRole('link', { name: 'OAuth sample' }).click();
    expect(await page.locator('.state.good').count()).toBe(2);
    await page.getByRole('link', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${started.url}/`);
    expect(await page.getByText('Not connected').count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('a person without a mouse connects, opens their work, and logs out', async () => {
    await page.goto(started.url);
    await press('Connect to Rally');
    await tabTo('User name');
    await page.keyboard.type('ada@example.test');
    await page.keyboard.press('Tab');
    await page.keyboard.type('sandbox');
    await enter();
    await press('Allow Access');
    await page.waitForURL(`${started.url}/rally`);
    await press('Defects');
    await page.waitForURL(`${started.url}/rally?type=defects`);
    await press('GoCD');
    await press('Connect to GoCD');
    await tabTo('User name');
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type('sandbox');
    await enter();
    await tabTo('Allow this service');
    await page.keyboard.press('Space');
    await press('Submit');
    await page.waitForURL(`${started.url}/gocd`);
    await press('Log out');
    await page.waitForURL(`${started.url}/logout`);
    await press('Log out', 'BUTTON');
    await page.waitForURL(`${started.url}/`);

    expect(await page.getByText('Not connected').count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('a person who denies reads that nothing was changed, and can connect again', async () => {
    await page.goto(`${started.url}/login/rally`);
    await logInOn(page, 'ada@example.test');
    await page.getByRole('button', { name: 'Deny' }).click();

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Access was denied');
    expect(await page.getByRole('link', { name: 'Connect to Rally' }).count()).toBe(1);
  });

  test.each([
    {
      why: 'the grant stands',
      provider: 'rally',
      label: 'Rally',
      username: 'ada@example.test',
      failure: undefined,
      ends: 'Stories of Ada Finch',
    },
    {
      why: 'the authorization endpoint refuses',
      provider: 'gocd',
      label: 'GoCD',
      username: 'ada',
      failure: 'authorize-denied',
      ends: 'The sign-in was not completed',
    },
  ] as const)(
    'a second browser that logs in at $label comes back without a question, as $why',
    async ({ provider, label, username, failure, ends }) => {
      await signIn(new Visitor(), started, provider); // the first one
      if (failure) {
        started.sandbox.world.failures.switchOn({
          name: failure,
          times: 1,
          client: undefined,
          provider,
          seconds: 0,
        });
      }
      await page.goto(started.url);
      await page.getByRole('link', { name: `Connect to ${label}` }).click();
      await logInOn(page, username);
      await page.waitForURL((url) => url.origin === started.url);

      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(ends);
      expect(complaints).toEqual([]);
    },
  );

  test('two tabs sign in at once, one at each provider, and both stay connected', async () => {
    const other = await context.newPage();
    const complaintsOfOther = complaintsOf(other, started.url, started.sandbox.url);
    await page.goto(`${started.url}/login/rally`);
    await logInOn(page, 'ada@example.test');
    await other.goto(`${started.url}/login/gocd`);
    await logInOn(other, 'ada');
    await page.getByRole('button', { name: 'Allow Access' }).click();
    await page.waitForURL(`${started.url}/rally`);
    await other.getByRole('checkbox').check();
    await other.getByRole('button', { name: 'Submit' }).click();
    await other.waitForURL(`${started.url}/gocd`);
    await page.goto(started.url);

    expect(await page.locator('.state.good').count()).toBe(2);
    expect([...complaints, ...complaintsOfOther]).toEqual([]);
  });

  test('a person disconnects one provider on the first page', async () => {
    await signInByHttp(context, started, 'rally', 'gocd');
    await page.goto(started.url);
    await page.getByRole('button', { name: 'Disconnect Rally' }).click();
    await page.waitForURL(`${started.url}/`);

    expect(await page.getByRole('link', { name: 'Connect to Rally' }).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'See your pipelines' }).count()).toBe(1);
  });

  // test/slow/every-page.test.ts looks at each kind of page, in both colour schemes.
  test('the main pages fit 320 px and have no accessibility violation, in dark', async () => {
    await page.setViewportSize({ width: 320, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(started.url);
    const faults = await faultsOf(page);
    await signInByHttp(context, started, 'rally', 'gocd');
    for (const path of [
      '/',
      '/rally?search=barn',
      '/gocd',
      '/walkthrough',
      '/logout',
      '/rally?page=0',
    ]) {
      await page.goto(started.url + path);
      faults.push(...(await faultsOf(page)));
    }

    expect(faults).toEqual([]);
    expect(complaints).toEqual([]);
  }, 60_000); // seven pages, each looked through by axe

  test('the walkthrough’s commands are copied by a button, by keyboard too', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signInByHttp(context, started, 'rally');
    await page.goto(`${started.url}/walkthrough`);
    const step = page.locator('#rally-token-request');
    await step.getByText('As a curl command to copy').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await step.getByText('Copied').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());

    expect(copied).toContain('--data-urlencode "client_secret=$CLIENT_SECRET"');
    expect(complaints).toEqual([]);
  });

  test('a click whose answer is late shows that something is happening', async () => {
    await signInByHttp(context, started, 'rally');
    await page.goto(started.url);
    // A page that is about to be left answers no more questions: it has to say so itself.
    await page.evaluate(() => {
      const status = document.querySelector('.waiting');
      const tell = () => {
        console.info(status?.textContent);
      };
      if (status) new MutationObserver(tell).observe(status, { childList: true });
    });
    const said = page.waitForEvent('console');
    await page.route(`${started.url}/rally`, async (route) => {
      await said;
      await route.continue();
    });
    await page.getByRole('link', { name: 'See your stories' }).click({ noWaitAfter: true });

    expect((await said).text()).toBe('Waiting for an answer…');
    await page.waitForURL(`${started.url}/rally`);
    expect(await page.getByText('Waiting for an answer…').count()).toBe(0);
  });

  test('an error page leads to the step of the walkthrough that failed', async () => {
    await signInByHttp(context, started, 'rally');
    await page.goto(`${started.url}/oauth-redirect?code=c&state=s`);
    await page.getByRole('link', { name: 'See in the walkthrough' }).click();
    const failed = page.locator('#rally-refused');

    expect(await failed.evaluate((element) => element.matches(':target'))).toBe(true);
    expect(await failed.innerText()).toContain('Expected was a state');
  });

  /** Presses Tab until it stands on what has this label, and can be seen to stand there. */
  async function tabTo(label: string, tag?: string): Promise<void> {
    await page.waitForLoadState('load');
    for (let presses = 0; presses < 100; presses++) {
      await page.keyboard.press('Tab');
      const on = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement & {
          labels?: NodeListOf<HTMLElement>;
        };
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return {
          tag: element.tagName,
          label: (element.labels?.[0] ?? element).innerText.trim(),
          isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
        };
      });
      if (!on.label.startsWith(label) || (tag !== undefined && on.tag !== tag)) continue;
      expect([label, on.isSeen]).toEqual([label, true]);
      return;
    }
    throw new Error(`Tab does not lead to ${label} on ${page.url()}`);
  }

  async function press(label: string, tag?: string): Promise<void> {
    await tabTo(label, tag);
    await enter();
  }

  /** Presses Enter on what leads to another page. */
  async function enter(): Promise<void> {
    const loaded = page.waitForEvent('load');
    await page.keyboard.press('Enter');
    await loaded;
  }
});
