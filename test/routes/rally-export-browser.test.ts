// A download from the Rally page in a real Chromium: with the script, which shows how far it is, and
// without.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Download, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { closeAll, start, type Started } from '../support/start.js';

const describeWithChromium = findChromium() ? describe : describe.skip;

describeWithChromium('A download from GET /rally in Chromium', () => {
  let browser: Browser;
  let started: Started;
  let page: Page;

  beforeEach(async () => {
    browser = await startChromium();
    started = await start({ sandbox: { stories: 5000 } });
  });
  afterEach(async () => {
    await browser.close();
    await closeAll();
  });

  async function signIn(options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext(options);
    page = await context.newPage();
    await page.goto(`${started.url}/login/rally`);
    await page.getByLabel('User name').fill('ada@example.test');
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Allow Access' }).click();
    await page.waitForURL(`${started.url}/rally`);
    await page.waitForLoadState('networkidle');
  }

  /** Lets Rally hold back the second page, once. */
  function holdSecondPage(): Promise<{ response: ServerResponse; goOn: () => void }> {
    const { server } = started.sandbox;
    const [answer] = server.listeners('request') as [
      (request: IncomingMessage, response: ServerResponse) => void,
    ];
    return new Promise((resolve) => {
      server.removeAllListeners('request').on('request', (request, response) => {
        if (!request.url?.includes('start=2001&')) {
          answer(request, response);
          return;
        }
        server.removeAllListeners('request').on('request', answer);
        resolve({
          response,
          goOn: () => {
            answer(request, response);
          },
        });
      });
    });
  }

  async function download(name: string): Promise<Download> {
    const file = page.waitForEvent('download');
    await page.getByRole('link', { name }).click();
    return file;
  }

  const rowsIn = async (file: Download) =>
    (await readFile(await file.path(), 'utf8')).split('\r\n').slice(1, -1);

  const total = async () => Number(await page.locator('[data-count=stories]').innerText());

  test('shows how many rows of how many have come, and saves all of them', async () => {
    await signIn();
    const held = holdSecondPage();
    const saved = download('CSV');
    const { goOn } = await held;
    await page.getByText(`2,000 of ${(await total()).toLocaleString('en')}`).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    goOn();
    const file = await saved;
    await page.getByText(`${file.suggestedFilename()} is complete.`).waitFor();

    expect(violations).toEqual([]);
    expect(file.suggestedFilename()).toMatch(/^rally-stories-\d{4}-\d\d-\d\d\.csv$/);
    expect(await rowsIn(file)).toHaveLength(await total());
    expect(await page.getByRole('progressbar').count()).toBe(0);
  }, 60_000);

  test('can be cancelled: Rally is then asked for nothing more', async () => {
    await signIn();
    const held = holdSecondPage();
    await page.getByRole('link', { name: 'JSON' }).click();
    const { response } = await held;
    const left = once(response, 'close');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await left;

    expect(await page.locator('.downloads [role=status]').innerText()).toBe('Cancelled.');
  }, 60_000);

  test('that breaks off saves nothing, and says so', async () => {
    await signIn();
    const files: Download[] = [];
    page.on('download', (file) => files.push(file));
    const held = holdSecondPage();
    await page.getByRole('link', { name: 'CSV' }).click();
    const { response } = await held;
    const all = { client: undefined, provider: undefined, seconds: 0 };
    started.sandbox.world.failures.switchOn({ name: 'wsapi-500', times: undefined, ...all });
    response.destroy();
    await page.getByText('The download broke off').waitFor();

    expect(files).toEqual([]);
  }, 60_000);

  test('when the connection is gone, the page that says so comes', async () => {
    await signIn();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'CSV' }).click();
    await page.getByRole('heading', { name: 'Not connected to Rally' }).waitFor();

    expect(page.url()).toContain('/rally/export.csv');
  }, 60_000);

  test('without script is the browser’s own, and whole', async () => {
    await signIn({ javaScriptEnabled: false });
    const file = await download('CSV');

    expect(file.suggestedFilename()).toMatch(/^rally-stories-.+\.csv$/);
    expect(await rowsIn(file)).toHaveLength(await total());
  }, 60_000);
});
