// The Rally page in a real Chromium: what its script adds, that nothing is lost without it, and how it
// is laid out in either width. test/slow/every-page.test.ts looks at it with axe.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { complaintsOf, signInByHttp } from '../support/chromium-page.js';
import { closeAll, start, type Started } from '../support/start.js';

const describeWithChromium = findChromium() ? describe : describe.skip;

type Cookies = Awaited<ReturnType<BrowserContext['storageState']>>;

describeWithChromium('GET /rally in Chromium', () => {
  let browser: Browser;
  let started: Started;
  let signedIn: Cookies;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
    started = await start();
    const context = await browser.newContext();
    await signInByHttp(context, started, 'rally');
    signedIn = await context.storageState();
    await context.close();
  });
  afterEach(() => page.context().close());
  afterAll(async () => {
    await closeAll();
    await browser.close();
  });

  /** Opens a page of the app, with nothing that its script asks for having come yet. */
  async function open(path: string, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ storageState: signedIn, ...options });
    page = await context.newPage();
    complaints = complaintsOf(page, started.url);
    await page.goto(started.url + path);
  }

  /** Opens it, and waits for the counts and the lists that the script adds. */
  async function openWhole(path: string, options: BrowserContextOptions = {}): Promise<void> {
    await open(path, options);
    await page.locator('[data-count]:empty').first().waitFor({ state: 'detached' });
    await page.locator('.load').waitFor({ state: 'hidden' });
  }

  const options = (name: string) => page.locator(`[name=${name}] option`).allInnerTexts();

  test('the script adds the counts of the other tabs, and all there is to choose from', async () => {
    await openWhole('/rally?project=60001&pagesize=20');

    expect(await page.locator('.count').allInnerTexts()).toEqual(['32', '8', '32']);
    expect(await options('project')).toEqual(['All', 'Barn', 'Field', 'Milking parlour']);
    expect(await options('workspace')).toEqual(['Your default', 'Farm', 'Orchard']);
    expect(await page.locator('[name=project]').inputValue()).toBe('60001');
    expect(await page.locator('.load').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('another workspace brings its own projects, and its work', async () => {
    await openWhole('/rally');
    await page.getByText('Workspace, project, page size').click();
    await page.getByLabel('Workspace').selectOption('Orchard');
    await page.getByLabel('Project').selectOption({ label: 'Cider' });
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/workspace=50201/);

    expect(new URL(page.url()).search).toBe('?workspace=50201&project=60102');
    expect(await page.locator('td[data-label=Project]').allInnerTexts()).toContain('Cider');
    expect(await page.getByRole('link', { name: /workspace: Orchard/ }).count()).toBe(1);
  });

  test.each([320, 1280])('at %i px the IDs are in line, of blocked work, too', async (width) => {
    await open('/rally', { viewport: { width, height: 800 } });
    const placesOf = async (rows: string) =>
      page
        .locator(`${rows} td.id a`)
        .evaluateAll((links) => [...new Set(links.map((link) => link.getBoundingClientRect().x))]);

    expect(await placesOf('tr.blocked')).toHaveLength(1);
    expect(await placesOf('tr.blocked')).toEqual(await placesOf('tr:not(.blocked)'));
  });

  test('at 320 px the notice goes from edge to edge, and the links above it are one line', async () => {
    await open('/rally', { viewport: { width: 320, height: 800 } });
    const box = await page.locator('.notice').boundingBox();
    const lines = await page
      .locator('header a:not(.brand)')
      .evaluateAll((links) => new Set(links.map((link) => link.getBoundingClientRect().y)).size);

    expect(box).toMatchObject({ x: 0, width: 320 });
    expect(box?.height).toBeLessThan(50); // its text is one line
    expect(await page.locator('.notice').evaluate((n) => getComputedStyle(n).borderRadius)).toBe(
      '0px',
    );
    expect(lines).toBe(1);
  });

  test('the query can be copied', async () => {
    await open('/rally?state=Defined', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();

    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      '((Owner = "/user/70001") AND (ScheduleState = "Defined"))',
    );
  });

  test('when counts and lists do not come, the page stands, and a link leads to the lists', async () => {
    await open('/nothing');
    await page.route(/\/rally\/(counts|choices)/, (route) => route.abort());
    const failed = ['counts', 'choices'].map((what) =>
      page.waitForEvent('requestfailed', (request) => request.url().includes(`/rally/${what}`)),
    );
    await page.goto(`${started.url}/rally`);
    await Promise.all(failed);

    expect(await page.getByRole('row').count()).toBe(51);
    expect(await page.locator('.load').isVisible()).toBe(true);
  });

  test('without script everything works: filter, lists, sort, pages', async () => {
    await open('/rally', { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Load all workspaces' }).click();
    await page.getByLabel('Workspace').selectOption('Farm');
    await page.getByLabel('Schedule state').selectOption('In-Progress');
    await page.getByLabel('On a page').selectOption('20');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: 'Name', exact: true }).click();

    expect(new URL(page.url()).search).toBe(
      '?state=In-Progress&workspace=50101&sort=name&pagesize=20',
    );
    expect(await page.getByRole('row').count()).toBe(14);
    expect(complaints).toEqual([]);
  });

  test('the keyboard reaches tabs, form, heads and work in the order in which they are read', async () => {
    await openWhole('/rally?pagesize=20', { viewport: { width: 1280, height: 800 } });
    const reached: string[] = [];
    for (let step = 0; step < 40 && reached.at(-1) !== 'US1'; step++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(() => {
          const { activeElement } = document;
          const name = activeElement?.getAttribute('name') ?? activeElement?.textContent ?? '';
          return name.replace(/\s+/g, ' ').trim().split(' ')[0] ?? '';
        }),
      );
    }

    expect(reached.slice(reached.indexOf('Stories'))).toEqual([
      ...['Stories', 'Defects', 'Tasks'],
      ...['search', 'state', 'iteration', 'Workspace,', 'Show'],
      ...['Defined', 'In-Progress', 'Completed', 'Accepted'],
      ...['CSV', 'JSON'],
      'ID', // the region that can be scrolled begins with it
      ...['ID', 'Name', 'Schedule', 'Plan', 'Iteration', 'Project', 'Blocked', 'Updated', 'US1'],
    ]);
  });

  test('at 320 px each row is a card that keeps every column, with its label', async () => {
    await open('/rally?sort=-blocked&pagesize=20', { viewport: { width: 320, height: 700 } });
    const first = page.getByRole('row').first();
    const labels = await first
      .getByRole('cell')
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell, '::before').content));

    expect(await first.getByRole('cell').count()).toBe(8);
    expect(labels).toContain('"Blocked"');
    expect(await first.innerText()).toContain('Waiting for the sensor supplier');
    expect(await page.getByLabel('Sort by').count()).toBe(1);
  });
});
