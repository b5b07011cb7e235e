// A download from the Rally page in a real Chromium: with the script, which shows how far it is, and
// without.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Download, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { faultsOf, signInByHttp } from '../support/chromium-page.js';
import { closeAll, start, type Started } from '../support/start.js';

const describeWithChromium = findChromium() ? describe : describe.skip;

describeWithChromium('A download from GET /rally in Chromium', () => {
  let browser: Browser;
  let started: Started;
  let page: Page;

  beforeAll(async () => {
    browser = await startChromium();
  });
  beforeEach(async () => {
    started = await start({ sandbox: { stories: 5000 } });
  });
  afterEach(async () => {
    await page.context().close();
    await closeAll();
  });
  afterAll(() => browser.close());

  /** Opens a short page of somebody who is connected, whose exports are long. */
  async function open(options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext(options);
    page = await context.newPage();
    await signInByHttp(context, started, 'rally');
    await page.goto(`${started.url}/rally?pagesize=20`);
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
    await open();
    const held = holdSecondPage();
    const saved = download('CSV');
    const { goOn } = await held;
    await page.getByText(`2,000 of ${(await total()).toLocaleString('en')}`).waitFor();
    const faults = await faultsOf(page);
    goOn();
    const file = await saved;
    await page.getByText(`${file.suggestedFilename()} is complete.`).waitFor();

    expect(faults).toEqual([]);
    expect(file.suggestedFilename()).toMatch(/^rally-stories-\d{4}-\d\d-\d\d\.csv$/);
    expect(await rowsIn(file)).toHaveLength(await total());
    expect(await page.getByRole('progressbar').count()).toBe(0);
  });

  test('can be cancelled: Rally is then asked for nothing more', async () => {
    await open();
    const held = holdSecondPage();
    await page.getByRole('link', { name: 'JSON' }).click();
    const { response } = await held;
    const left = once(response, 'close');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await left;

    expect(await page.locator('.downloads [role=status]').innerText()).toBe('Cancelled.');
  });

  test('that breaks off saves nothing, and says so', async () => {
    await open();
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
  });

  test('when the connection is gone, the page that says so comes', async () => {
    await open();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'CSV' }).click();
    await page.getByRole('heading', { name: 'Not connected to Rally' }).waitFor();

    expect(page.url()).toContain('/rally/export.csv');
  });

  test('without script is the browser’s own, and whole', async () => {
    await open({ javaScriptEnabled: false });
    const file = await download('CSV');

    expect(file.suggestedFilename()).toMatch(/^rally-stories-.+\.csv$/);
    expect(await rowsIn(file)).toHaveLength(await total());
  });
});
