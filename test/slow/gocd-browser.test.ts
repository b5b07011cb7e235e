// The pipelines in a real Chromium: what the script adds, and that nothing is lost without it.
// test/slow/every-page.test.ts looks at the page with axe, in every width and colour.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { complaintsOf } from '../support/chromium-page.js';
import { closeAll, type Started } from '../support/start.js';
import {
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';

const describeWithChromium = findChromium() ? describe : describe.skip;

const HALF_A_MINUTE_MS = 30_000;

describeWithChromium('GET /gocd in Chromium', () => {
  let browser: Browser;
  let stub: StubProvider;
  let started: Started;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
  });
  beforeEach(async () => {
    stub = await startStubProvider();
    stub.answers.set('/go/oauth/authorize', (request, response) => {
      const asked = new URL(request.url ?? '', stub.url).searchParams;
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code: 'c', state: asked.get('state') ?? '' }).toString();
      response.writeHead(302, { Location: back.href }).end();
    });
    stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub-2' }));
    started = await startWithStub(stub);
  });
  afterEach(async () => {
    await page.context().close();
    await closeAll();
    await stub.close();
  });
  afterAll(() => browser.close());

  /** Signs in, with a clock that the test moves. */
  async function open(pipelines: string, options: BrowserContextOptions = {}): Promise<void> {
    show(pipelines);
    page = await (await browser.newContext(options)).newPage();
    complaints = complaintsOf(page, started.url, stub.url);
    if (options.javaScriptEnabled !== false) await page.clock.install();
    await page.goto(`${started.url}/login/gocd`);
  }

  function show(pipelines: string): void {
    const body = `<Projects>${pipelines}</Projects>`;
    stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', body));
  }

  function pipeline(name: string, status = 'Success', activity = 'Sleeping'): string {
    const attributes = `activity="${activity}" lastBuildStatus="${status}" lastBuildLabel="7" lastBuildTime="2026-11-22T10:00:00Z" webUrl="http://go.example/p"`;
    return [`${name} :: build`, `${name} :: build :: compile`]
      .map((entry) => `<Project name="${entry}" ${attributes} />`)
      .join('');
  }

  const lines = () => page.locator('.pipelines h2').allInnerTexts();
  const icon = () => page.locator('link[rel=icon]').getAttribute('href');
  const asked = () => stub.received.filter(({ line }) => line === 'GET /go/cctray.xml').length;

  /** Half a minute passes, and the page has been asked for again. */
  async function refreshed(): Promise<void> {
    const answered = page.waitForResponse((response) => response.url().endsWith('/gocd'));
    await page.clock.fastForward(HALF_A_MINUTE_MS + 1000);
    await (await answered).finished();
  }

  test('has on each line the colour that the bar has for it, also while it builds', async () => {
    const all = {
      failed: pipeline('a', 'Failure', 'Building'),
      building: pipeline('b', 'Success', 'Building'),
      other: pipeline('c', 'Exception'),
      passed: pipeline('d'),
    };
    await open(Object.values(all).join(''));
    const edges = await page
      .locator('.pipelines > li')
      .evaluateAll((lines) => lines.map((line) => getComputedStyle(line).borderLeftColor));
    const bar = await page
      .locator('.bar rect')
      .evaluateAll((parts) => parts.map((part) => getComputedStyle(part).fill));

    expect(new Set(edges).size).toBe(4);
    expect(edges).toEqual(bar);
  });

  test('has a form whose fields and button are of one height, on one line', async () => {
    await open(pipeline('barn'), { viewport: { width: 1280, height: 800 } });
    const fields = page.locator('.filters :is(input, select, button)');
    const boxes = await Promise.all((await fields.all()).map((field) => field.boundingBox()));

    expect(boxes).toHaveLength(3);
    expect(new Set(boxes.map((box) => `${box?.y} ${box?.height}`)).size).toBe(1);
  });

  test('is brought up to date in place: title, icon, numbers and order', async () => {
    await open(pipeline('barn') + pipeline('milk'));
    expect([await page.title(), await icon()]).toEqual([
      'Your pipelines in GoCD',
      '/public/icon-good.svg',
    ]);
    show(pipeline('barn') + pipeline('milk', 'Failure') + pipeline('eggs'));
    await refreshed();

    await page.getByText('3 pipelines').waitFor();
    expect(await lines()).toEqual(['milk', 'barn', 'eggs']);
    expect([await page.title(), await icon()]).toEqual([
      '1 failed · Your pipelines in GoCD',
      '/public/icon-bad.svg',
    ]);
    expect(complaints).toEqual([]);
  });

  test('keeps what a person has open and focused, also where it has changed and moved', async () => {
    await open(pipeline('barn') + pipeline('milk'));
    await page.locator('[data-key=milk] summary').click();
    show(pipeline('barn') + pipeline('milk', 'Failure'));
    await refreshed();
    await page.locator('[data-key=milk].bad').waitFor();

    expect(await page.locator('[data-key=milk] details').getAttribute('open')).toBe('');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('of milk');
    expect(await page.locator('[data-key=barn] details').getAttribute('open')).toBeNull();
  });

  test('does not ask while its tab is hidden, and does at once when it is seen again', async () => {
    await open(pipeline('barn'));
    const before = asked();
    await hide(true);
    await page.clock.fastForward(10 * HALF_A_MINUTE_MS);
    expect(asked()).toBe(before);
    const answered = page.waitForResponse((response) => response.url().endsWith('/gocd'));
    await hide(false);
    await answered;

    expect(asked()).toBe(before + 1);
  });

  test('says so when it could not be refreshed, and goes on showing what it has', async () => {
    await open(pipeline('barn'));
    stub.answers.set('/go/cctray.xml', respond(500, 'text/plain', 'no'));
    await refreshed();
    await page.getByText('Not refreshed: No usable answer from GoCD.').waitFor();
    expect(await lines()).toEqual(['barn']);
    show(pipeline('barn', 'Failure'));
    await refreshed();
    await page.locator('[data-key=barn].bad').waitFor();

    expect(await page.locator('#trouble').innerText()).toBe('');
  });

  test('without script it is filtered by its form, and refreshed by its link', async () => {
    await open(pipeline('barn') + pipeline('milk', 'Failure'), { javaScriptEnabled: false });
    await page.getByLabel('Name contains').fill('BAR');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await lines()).toEqual(['barn']);
    show(pipeline('barn') + pipeline('barn-2'));
    await page.getByRole('link', { name: 'Refresh' }).click();

    expect(await lines()).toEqual(['barn', 'barn-2']);
    expect(new URL(page.url()).search).toBe('?text=BAR');
  });

  test('stays usable with ten thousand entries', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => pipeline(`p${index}`)).join('');
    await open(many + pipeline('broken', 'Failure'));

    expect(await page.locator('.pipelines > li').count()).toBe(200);
    expect((await lines())[0]).toBe('broken');
    await page.getByLabel('Name contains').fill('p4999');
    await page.keyboard.press('Enter');
    await page.getByText('Show all').waitFor();
    expect(await lines()).toEqual(['p4999']);
  });

  async function hide(isHidden: boolean): Promise<void> {
    await page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  }
});
