// npm run screenshots: the pictures of README.md, of the app as a stranger meets it first.
import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { startAppProcess } from './support/app-process.js';
import { startChromium } from './support/chromium.js';
import { freePort } from './support/process.js';

const FOLDER = 'docs/screenshots';
const SIZE = { width: 1200, height: 750 };

const [port, sandboxPort] = [await freePort(), await freePort()];
const app = await startAppProcess(port, { SANDBOX_PORT: String(sandboxPort) });
const browser = await startChromium();
try {
  mkdirSync(FOLDER, { recursive: true });
  const page = await browser.newPage({ viewport: SIZE });
  await signIn(page, 'Rally', 'ada@example.test', 'Allow Access');
  await take(page, 'rally', '/rally');
  await signIn(page, 'GoCD', 'ada', 'Submit');
  await take(page, 'gocd', '/gocd');
  await take(page, 'home', '/');
  await take(page, 'walkthrough', '/walkthrough#rally-token-request');
} finally {
  await browser.close();
  await app.kill();
}

async function signIn(page: Page, provider: string, userName: string, allow: string) {
  await page.goto(app.url);
  await page.getByRole('link', { name: `Connect to ${provider}` }).click();
  await page.getByLabel('User name').fill(userName);
  await page.getByLabel('Password').fill('sandbox');
  await page.getByRole('button', { name: 'Log in' }).click();
  if (provider === 'GoCD') await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: allow }).click();
  await page.waitForURL(`${app.url}/${provider.toLowerCase()}`);
}

async function take(page: Page, name: string, path: string) {
  await page.goto(app.url + path, { waitUntil: 'networkidle' });
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
}
