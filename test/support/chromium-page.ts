import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { signIn } from './dance.js';
import type { Started } from './start.js';
import { Visitor } from './visitor.js';

/** Both colour schemes and both widths, in two runs of axe: a rule depends on one or on the other. */
const VIEWS = [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 1280 },
] as const;

/**
 * What a browser has to say about a page: what axe finds, and whether one must scroll sideways to
 * read it.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  // axe has half a megabyte: a document that has it already is not given it again.
  const hasAxe = await page.evaluate(() => 'axe' in window);
  const { violations } = await new AxeBuilder({ page, ...(hasAxe && { axeSource: ';' }) })
    .setLegacyMode() // no page has frames: their results need not be put together in a tab of their own
    .options({ resultTypes: ['violations'] }) // every rule runs; what passes is not described
    .analyze();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  const { pathname, hash } = new URL(page.url());
  const where = pathname + hash;
  return [
    ...violations.map(
      ({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    ),
    ...(overflow > 0 ? [`${where}: ${overflow} px too wide`] : []),
  ];
}

/** The same in every view, each fault with the view it was found in. */
export async function faultsInViews(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const { colorScheme, width } of VIEWS) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const found = await faultsOf(page);
    faults.push(...found.map((fault) => `${fault} (${colorScheme}, ${width} px)`));
  }
  return faults;
}

/**
 * Notes what a browser complains of while it loads pages: a violated policy, a missing file, a script
 * that fails, or a request to a host that is not one of these. That a page's own status is an error is
 * no complaint.
 */
export function complaintsOf(page: Page, ...origins: readonly string[]): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    const isOwnStatus =
      message.location().url === page.url() && message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isOwnStatus) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    const isLocal = protocol === 'blob:'; // a download that a script has put together
    if (origins.length > 0 && !isLocal && !origins.includes(origin)) {
      complaints.push(request.url());
    }
  });
  return complaints;
}

/** Fills in the login page of either provider, and goes where it leads. */
export async function logInOn(page: Page, userName: string): Promise<void> {
  await page.getByLabel('User name').fill(userName);
  await page.getByLabel('Password').fill('sandbox');
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Signs in over HTTP and gives the browser the cookies, where the way there is not the test's subject. */
export async function signInByHttp(
  context: BrowserContext,
  started: Pick<Started, 'url'>,
  ...providers: readonly ('rally' | 'gocd')[]
): Promise<void> {
  const visitor = new Visitor();
  for (const provider of providers) await signIn(visitor, started, provider);
  await context.addCookies(visitor.cookies());
}
