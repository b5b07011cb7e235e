// GoCD's pages ask before they delete, without script: whether that works, a browser alone can tell.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { findChromium, startChromium } from '../support/chromium.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';

// Without a Chromium, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithChromium = findChromium() ? describe : describe.skip;

describeWithChromium('in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let sandbox: Sandbox;
  let complaints: string[];

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    sandbox = await startSandboxAlone();
    page = await browser.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`${sandbox.gocdUrl}/`);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
  });
  afterEach(async () => {
    await page.close();
    await closeSandboxes();
  });

  test('the administrator registers a client as GoCD’s documentation says, and destroys it', async () => {
    await page.getByRole('link', { name: 'Admin' }).click();
    await page.getByRole('link', { name: 'New OAuth Client' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Milk app');
    await page.getByLabel('Redirect URL').fill('http://localhost:9/milk');
    await page.getByRole('button', { name: 'Submit' }).click();
    expect(await page.getByText('Client ID').count()).toBeGreaterThan(0);

    await page.getByRole('link', { name: 'All OAuth clients' }).click();
    const popup = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Destroy Milk app' }).click();
    expect(await popup.innerText()).toContain('Are you sure?');
    await popup.getByRole('button', { name: 'Cancel' }).click();
    expect(await popup.count()).toBe(0);
    expect(sandbox.world.gocd.clients).toHaveLength(2);

    await page.getByRole('button', { name: 'Destroy Milk app' }).click();
    await popup.getByRole('button', { name: 'OK' }).click();
    expect(await page.getByRole('status').innerText()).toBe(
      'OAuth client was successfully deleted.',
    );
    expect(sandbox.world.gocd.clients.map(({ name }) => name)).toEqual(['OAuth sample app']);
    expect(complaints).toEqual([]);
  });

  test('a person generates a personal access token, and revokes it', async () => {
    await page.getByRole('link', { name: 'Personal access tokens' }).click();
    await page.getByLabel('Description').fill('weekly report');
    await page.getByRole('button', { name: 'Generate Token' }).click();
    expect(await page.locator('#new-token').innerText()).toMatch(/^[0-9a-f]{40}$/);

    await page.getByRole('button', { name: 'Revoke weekly report' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click();
    expect(await page.getByRole('status').innerText()).toBe('The access token was revoked.');
    expect(sandbox.world.gocd.accessTokens.all[0]?.revokedAt).toBeDefined();
    expect(complaints).toEqual([]);
  });
});
