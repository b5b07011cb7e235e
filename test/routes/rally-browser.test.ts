// The Rally page in a real Chromium: what its script adds, that nothing is lost without it, and that
// it can be read in every width and colour.
import { statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { faultsOf } from '../support/chromium-page.js';
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
    const first = await context.newPage();
    await first.goto(`${started.url}/login/rally`);
    await first.getByLabel('User name').fill('ada@example.test');
    await first.getByLabel('Password').fill('sandbox');
    await first.getByRole('button', { name: 'Log in' }).click();
    await first.getByRole('button', { name: 'Allow Access' }).click();
    await first.waitForURL(`${started.url}/rally`);
    signedIn = await context.storageState();
    await context.close();
  });
  afterEach(() => page.context().close());
  afterAll(async () => {
    await closeAll();
    await browser.close();
  });

  async function open(path: string, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ storageState: signedIn, ...options });
    page = await context.newPage();
    complaints = [];
    // A violated policy, a missing file or a script error: all of them appear here.
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(started.url + path, { waitUntil: 'networkidle' });
  }

  const options = (name: string) => page.locator(`[name=${name}] option`).allInnerTexts();

  async function faults(): Promise<string[]> {
    return [...(await faultsOf(page)), ...complaints];
  }

  test('the script adds the counts of the other tabs, and all there is to choose from', async () => {
    await open('/rally?project=60001&pagesize=20');

    expect(await page.locator('.count').allInnerTexts()).toEqual(['32', '8', '32']);
    expect(await options('project')).toEqual(['All', 'Barn', 'Field', 'Milking parlour']);
    expect(await options('workspace')).toEqual(['Your default', 'Farm', 'Orchard']);
    expect(await page.locator('[name=project]').inputValue()).toBe('60001');
    expect(await page.locator('.load').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('another workspace brings its own projects, and its work', async () => {
    await open('/rally');
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
    await page.goto(`${started.url}/rally`, { waitUntil: 'networkidle' });

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
    await open('/rally?pagesize=20', { viewport: { width: 1280, height: 800 } });
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

  const STATES = [
    '/rally?search=barn',
    '/rally?type=defects&state=Open&sort=-updated',
    '/rally?type=tasks&search=unicorn',
    '/rally?page=9',
    '/rally/choices?type=tasks',
  ];

  test.each([
    ...STATES.map((path) => [path, 320, 'light'] as const),
    ...STATES.map((path) => [path, 1280, 'dark'] as const),
    ['/rally?search=barn', 320, 'dark'],
    ['/rally?search=barn', 1280, 'light'],
  ] as const)(
    '%s at %i px in %s fits, and axe finds nothing',
    async (path, width, colorScheme) => {
      await open(path, { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' });

      expect(await faults()).toEqual([]);
    },
    60_000,
  ); // axe takes its time on a loaded machine

  test('all it takes but the data weighs under 60 kB', async () => {
    await open('/rally?search=unicorn');
    const files = ['style.css', 'rally.css', 'rally.js', 'favicon.svg'];
    const bytes = files.map((file) => statSync(`public/${file}`).size);
    const html = Buffer.byteLength(await page.content());

    expect(bytes.reduce((sum, size) => sum + size, html)).toBeLessThan(60_000);
  });
});
