// A person's way through both sign-ins in a real Chromium: what they see, and what the browser
// itself has to say about it (policies, accessibility, width).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findChromium, startChromium } from './support/chromium.js';
import { faultsOf } from './support/chromium-page.js';
import { closeAll, start, type Started } from './support/start.js';
import { sourcePathOf } from './support/walkthrough.js';

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
    complaints = [];
    // A violated policy, a missing file or a script error: all of them appear here.
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await context.close();
    await closeAll();
  });

  async function signInToRally(): Promise<void> {
    await page.goto(started.url);
    await page.getByRole('link', { name: 'Connect to Rally' }).click();
    await page.getByLabel('User name').fill('ada@example.test');
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Allow Access' }).click();
    await page.waitForURL(`${started.url}/rally`);
  }

  async function signInToGoCD(): Promise<void> {
    await page.goto(started.url);
    await page.getByRole('link', { name: 'Connect to GoCD' }).click();
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
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
    expect(await page.getByText('Connected').count()).toBe(2);
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
    expect(complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
  });

  test('a person who denies reads that nothing was changed, and can connect again', async () => {
    await page.goto(`${started.url}/login/rally`);
    await page.getByLabel('User name').fill('ada@example.test');
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Deny' }).click();

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Access was denied');
    expect(await page.getByRole('link', { name: 'Connect to Rally' }).count()).toBe(1);
  });

  test.each([
    {
      why: 'the grant stands',
      label: 'Rally',
      username: 'ada@example.test',
      failure: undefined,
      ends: 'Stories of Ada Finch',
    },
    {
      why: 'the authorization endpoint refuses',
      label: 'GoCD',
      username: 'ada',
      failure: 'authorize-denied',
      ends: 'The sign-in was not completed',
    },
  ] as const)(
    'a second browser that logs in at $label comes back without a question, as $why',
    async ({ label, username, failure, ends }) => {
      await (label === 'Rally' ? signInToRally() : signInToGoCD());
      if (failure) {
        started.sandbox.world.failures.switchOn({
          name: failure,
          times: 1,
          client: undefined,
          provider: 'gocd',
          seconds: 0,
        });
      }
      const second = await browser.newContext();
      try {
        page = await second.newPage();
        await page.goto(started.url);
        await page.getByRole('link', { name: `Connect to ${label}` }).click();
        await page.getByLabel('User name').fill(username);
        await page.getByLabel('Password').fill('sandbox');
        await page.getByRole('button', { name: 'Log in' }).click();
        await page.waitForURL((url) => url.origin === started.url);

        expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(ends);
      } finally {
        await second.close();
      }
    },
  );

  test('a person disconnects one provider on the first page', async () => {
    await signInToRally();
    await signInToGoCD();
    await page.goto(started.url);
    await page.getByRole('button', { name: 'Disconnect Rally' }).click();
    await page.waitForURL(`${started.url}/`);

    expect(await page.getByRole('link', { name: 'Connect to Rally' }).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'See your pipelines' }).count()).toBe(1);
  });

  test.each(['light', 'dark'] as const)(
    'every page fits 320 px and has no accessibility violation, in %s',
    async (colorScheme) => {
      await page.setViewportSize({ width: 320, height: 700 });
      await page.emulateMedia({ colorScheme });
      await page.goto(started.url);
      await page.getByRole('link', { name: 'Connect to Rally' }).click();
      const faults = [...(await faultsOf(page))];
      await page.getByLabel('User name').fill('ada@example.test');
      await page.getByLabel('Password').fill('sandbox');
      await page.getByRole('button', { name: 'Log in' }).click();
      faults.push(...(await faultsOf(page)));
      await page.getByRole('button', { name: 'Allow Access' }).click();
      await page.waitForURL(`${started.url}/rally`);
      await signInToGoCD();
      expect((await page.locator('.notice').boundingBox())?.height).toBeLessThan(50); // one line
      const { url: sandbox } = started.sandbox;
      const manager = `${sandbox}/login/accounts/index.html`;
      for (const address of [
        ...['/', '/gocd', '/logout', '/nothing'].map((path) => started.url + path),
        ...['#/apps', '#/keys', '#/clients'].map((tab) => manager + tab),
        ...['/', '/_sandbox', '/go/pipelines', '/go/oauth/user_tokens', '/go/access_tokens'].map(
          (path) => sandbox + path,
        ),
      ]) {
        await page.goto(address);
        faults.push(...(await faultsOf(page)));
      }

      expect(faults).toEqual([]);
    },
    120_000, // fifteen pages, each looked through by axe; the Rally page has tests of its own
  );

  test('the tables of the sandbox are read at 320 px without scrolling sideways', async () => {
    const { url: sandbox, world } = started.sandbox;
    const admin = world.gocd.people.find(({ isAdministrator }) => isAdministrator);
    if (!admin) throw new Error('nobody administrates GoCD');
    world.gocd.accessTokens.create(admin, 'a token');
    const [client] = world.gocd.clients;
    if (client) world.gocd.grants.issueTokens(client, admin);
    await page.setViewportSize({ width: 320, height: 700 });
    await page.goto(`${sandbox}/go/auth/login`);
    await page.getByLabel('User name').fill(admin.userName);
    await page.getByLabel('Password').fill(admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
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
          [...box.querySelectorAll('td')].map((cell) => getComputedStyle(cell, '::before').content),
        ]);
      if (table > 0) cut.push(`${path}: ${table} px`);
      if (label && !labels.includes(`"${label}"`)) cut.push(`${path}: no label ${label}`);
    }

    expect(cut).toEqual([]);
  });

  test.each([
    ['dark', 1280],
    ['light', 320],
  ] as const)(
    'the walkthrough, opened up, and a source fit and have no accessibility violation, in %s at %i px',
    async (colorScheme, width) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await signInToRally();
      await page.goto(`${started.url}/oauth-redirect?code=c&state=s`); // is refused
      await page.goto(`${started.url}/walkthrough`);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });

      const faults = await faultsOf(page);
      await page.goto(`${started.url}${await sourcePathOf('tokenRequest')}#tokenRequest`);

      expect([...faults, ...(await faultsOf(page))]).toEqual([]);
    },
    120_000, // hundreds of messages and parameters, each looked at by axe
  );

  test('the walkthrough’s commands are copied by a button, by keyboard too', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signInToRally();
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
    await signInToRally();
    await page.goto(started.url);
    started.sandbox.world.failures.switchOn({
      ...{ name: 'wsapi-slow', times: 1, client: undefined, provider: undefined },
      seconds: 3,
    });
    // A page that is about to be left answers no more questions: it has to say so itself.
    await page.evaluate(() => {
      const status = document.querySelector('.waiting');
      const tell = () => {
        console.info(status?.textContent);
      };
      if (status) new MutationObserver(tell).observe(status, { childList: true });
    });
    const said = page.waitForEvent('console');
    await page.getByRole('link', { name: 'See your stories' }).click({ noWaitAfter: true });

    expect((await said).text()).toBe('Waiting for an answer…');
    await page.waitForURL(`${started.url}/rally`);
    expect(await page.getByText('Waiting for an answer…').count()).toBe(0);
  });

  test('an error page leads to the step of the walkthrough that failed', async () => {
    await signInToRally();
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
