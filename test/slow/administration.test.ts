// A person does the administration of both providers in a real Chromium, and sees in the app what
// became of it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { findChromium, startChromium } from '../support/chromium.js';
import { closeAll, start, type Started } from '../support/start.js';

// Without a Chromium, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithChromium = findChromium() ? describe : describe.skip;

describeWithChromium('in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let started: Started;
  let complaints: string[]; // of the browser, about a page

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    started = await start();
    page = await browser.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });
  afterEach(async () => {
    await page.close();
    await closeAll();
    // A page that refuses says so with its status, which the browser repeats.
    expect(
      complaints.filter((text) => !text.includes('the server responded with a status of')),
    ).toEqual([]);
  });

  describe('Rally Application Manager', () => {
    beforeEach(async () => {
      await connectToRally();
    });

    test('nobody is asked again until the application is removed; then it has to ask again', async () => {
      await page.goto(`${started.url}/login/rally`);
      expect(page.url()).toBe(`${started.url}/rally`);

      await manage('Authorized Applications');
      await page.getByRole('button', { name: 'Remove OAuth sample app' }).click();
      expect(await page.getByRole('status').innerText()).toContain('can no longer use');

      await page.goto(`${started.url}/rally`);
      expect(await heading()).toBe('Rally no longer accepts this connection');
      await page.getByRole('link', { name: 'Connect to Rally' }).click();
      expect(await heading()).toBe('Authorization Request');
      await page.getByRole('button', { name: 'Allow Access' }).click();
      expect(await heading()).toBe('Stories of Ada Finch');
    });

    test('an app whose secret is reset is told which setting is wrong', async () => {
      await manage('OAuth Clients');
      await page.getByRole('button', { name: 'Reset the secret of OAuth sample app' }).click();
      expect(await page.getByRole('status').innerText()).toContain('has a new secret');

      await page.goto(`${started.url}/login/rally`);
      expect(await heading()).toBe('This app is not set up right at Rally');
      expect(await page.getByText('RALLY_CLIENT_SECRET').count()).toBeGreaterThan(0);
    });

    test('an app whose client is deleted is refused, and Rally no longer knows it', async () => {
      await manage('OAuth Clients');
      await page.getByRole('button', { name: 'Delete OAuth sample app' }).click();

      await page.goto(`${started.url}/rally`);
      expect(await heading()).toBe('Rally no longer accepts this connection');
      await page.getByRole('link', { name: 'Connect to Rally' }).click();
      expect(await heading()).toBe('Unknown client_id');
    });

    test('a person who is disabled is logged out of Rally, and the app is refused what it asks for them', async () => {
      await page.goto(`${started.sandbox.url}/_sandbox`);
      await page.getByRole('button', { name: 'Disable ada@example.test' }).click();

      await page.goto(`${started.url}/rally`);
      expect(await heading()).toBe('Rally no longer accepts this connection');
      await page.goto(`${started.sandbox.url}/login/accounts/index.html`);
      expect(await heading()).toBe('Log in to Rally');
    });

    test('a person creates an API key, and the administrator disables keys for everybody', async () => {
      await manage('API Keys');
      await page.locator('#key-name-new').fill('reports');
      await page.getByRole('button', { name: 'Create API Key' }).click();
      const secretKey = await page
        .locator('article', { hasText: 'reports' })
        .locator('code')
        .innerText();
      expect(await statusWith(secretKey)).toBe(200);
      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn('sol@example.test');
      await page.getByRole('link', { name: 'API Keys' }).click();
      await page.getByRole('button', { name: 'Disable API Keys' }).click();

      expect(await page.getByText('Please contact your Subscription Administrator').count()).toBe(
        1,
      );
      expect(await page.getByRole('button', { name: 'Reset reports' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Delete reports' }).count()).toBe(1);
      expect(await statusWith(secretKey)).toBe(401);
    });

    async function manage(tab: string): Promise<void> {
      await page.goto(`${started.sandbox.url}/login/accounts/index.html`);
      await page.getByRole('link', { name: tab }).click();
    }

    async function statusWith(zsessionid: string): Promise<number> {
      const url = `${started.sandbox.url}/slm/webservice/v2.0/user`;
      return (await fetch(url, { headers: { zsessionid } })).status;
    }
  });

  describe('GoCD’s administration', () => {
    beforeEach(async () => {
      await page.goto(`${started.url}/login/gocd`);
      await logIn('admin');
      await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: 'Submit' }).click();
      expect(await heading()).toBe('Pipelines');
    });

    test('a token that its person revokes is refused', async () => {
      await page.goto(`${started.sandbox.gocdUrl}/oauth/user_tokens`);
      await page.getByRole('button', { name: 'Revoke' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click();
      expect(await page.getByRole('status').innerText()).toContain('successfully deleted');

      await page.goto(`${started.url}/gocd`);
      expect(await heading()).toBe('GoCD no longer accepts this connection');
    });

    test('the administrator registers a client as GoCD’s documentation says, and destroys it', async () => {
      const { clients } = started.sandbox.world.gocd;
      await page.goto(started.sandbox.gocdUrl);
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
      expect(clients).toHaveLength(2);

      await page.getByRole('button', { name: 'Destroy Milk app' }).click();
      await popup.getByRole('button', { name: 'OK' }).click();
      expect(await page.getByRole('status').innerText()).toBe(
        'OAuth client was successfully deleted.',
      );
      expect(clients.map(({ name }) => name)).toEqual(['OAuth sample app']);
    });

    test('a person generates a personal access token, and revokes it', async () => {
      await page.goto(started.sandbox.gocdUrl);
      await page.getByRole('link', { name: 'Personal access tokens' }).click();
      await page.getByLabel('Description').fill('weekly report');
      await page.getByRole('button', { name: 'Generate Token' }).click();
      const token = await page.locator('#new-token').innerText();
      expect(token).toMatch(/^[0-9a-f]{40}$/);
      expect(await statusWith(token)).toBe(200);

      await page.getByRole('button', { name: 'Revoke weekly report' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click();
      expect(await page.getByRole('status').innerText()).toBe('The access token was revoked.');
      expect(await statusWith(token)).toBe(401);
    });

    test('an app whose client is destroyed is refused, and GoCD no longer knows it', async () => {
      await page.goto(`${started.sandbox.gocdUrl}/admin`);
      await page.getByRole('button', { name: 'Destroy OAuth sample app' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'OK' }).click();
      expect(await page.getByRole('status').innerText()).toContain('successfully deleted');

      await page.goto(`${started.url}/gocd`);
      expect(await heading()).toBe('GoCD no longer accepts this connection');
      await page.getByRole('link', { name: 'Connect to GoCD' }).click();
      expect(await page.getByText('does not know our client id').count()).toBe(1);
    });

    test('an app whose redirect URL is changed is told so', async () => {
      await page.goto(`${started.sandbox.gocdUrl}/admin`);
      await page.getByRole('link', { name: 'Edit OAuth sample app' }).click();
      await page.getByLabel('Redirect URL').fill(`${started.url}/elsewhere`);
      await page.getByRole('button', { name: 'Update' }).click();

      await page.goto(`${started.url}/login/gocd`);
      expect(await page.getByText('our redirect URI is not the registered one').count()).toBe(1);
    });

    async function statusWith(token: string): Promise<number> {
      const headers = { Authorization: `Bearer ${token}` };
      return (await fetch(`${started.sandbox.gocdUrl}/cctray.xml`, { headers })).status;
    }
  });

  async function connectToRally(): Promise<void> {
    await page.goto(`${started.url}/login/rally`);
    await logIn('ada@example.test');
    await page.getByRole('button', { name: 'Allow Access' }).click();
    expect(await heading()).toBe('Stories of Ada Finch');
  }

  async function logIn(userName: string): Promise<void> {
    await page.getByLabel('User name').fill(userName);
    await page.getByLabel('Password').fill('sandbox');
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  async function heading(): Promise<string> {
    return page.getByRole('heading', { level: 1 }).innerText();
  }
});
