import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** Each page is looked at in these. */
export const VIEWS = [
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 320 },
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
] as const;

export type View = (typeof VIEWS)[number];

/**
 * What a browser has to say about a page: what axe finds, and whether one must scroll sideways to
 * read it.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  const where = new URL(page.url()).pathname;
  return [
    ...violations.map(
      ({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    ),
    ...(overflow > 0 ? [`${where}: ${overflow} px too wide`] : []),
  ];
}

/**
 * Notes what a browser complains of while it loads pages: a violated policy, a missing file, a script
 * that fails, or a request to a host that is not one of these. That a page's own status is an error is
 * no complaint.
 */
export function complaintsOf(page: Page, ...origins: readonly string[]): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    const isOfPage = message.location().url === page.url();
    if (message.type() === 'error' && !isOfPage) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origins.length > 0 && !origins.includes(origin)) complaints.push(request.url());
  });
  return complaints;
}
