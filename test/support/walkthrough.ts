import { sourcePaths } from '../../src/walkthrough/sources.js';
import type { Started } from './start.js';
import type { Page, Visitor } from './visitor.js';

/** The walkthrough, as a person reads it. */
export async function openWalkthrough(visitor: Visitor, { url }: Pick<Started, 'url'>) {
  return visitor.visit(`${url}/walkthrough`);
}

/** The path at which the app shows the file that declares a function. */
export async function sourcePathOf(symbol: string): Promise<string> {
  return `/walkthrough/src/${(await sourcePaths()).get(symbol) ?? ''}`;
}

/** The steps of one provider's sign-in that the page shows, by their anchors. */
export function stepsOn({ $ }: Page, provider: 'rally' | 'gocd'): string[] {
  return $(`section[aria-labelledby=${provider}] ol .step[id]`)
    .toArray()
    .map(({ attribs }) => (attribs['id'] ?? '').slice(provider.length + 1));
}

/** Each parameter of a step, with its value and its reason. */
export function parametersOf({ $ }: Page, step: string) {
  const rows = $(`#${step} .fields > div`).toArray();
  return new Map(
    rows.map((row) => [
      $(row).find('dt').text(),
      { value: $(row).find('.value').text(), why: $(row).find('.reason').text() },
    ]),
  );
}

/** What went over the wire in a step. */
export function wireOf({ $ }: Page, step: string): string {
  return $(`#${step} .wire pre`).text();
}

/** The command of a step. */
export function commandOf({ $ }: Page, step: string): string {
  return $(`#${step} .command pre`).first().text();
}

/** Everything that either side must keep to itself, as the sandbox has issued it. */
export function secretsOf({ sandbox: { world } }: Pick<Started, 'sandbox'>): string[] {
  return [
    ...world.rally.clients.map(({ secret }) => secret),
    ...world.gocd.clients.map(({ secret }) => secret),
    ...world.rally.grants.lines.flatMap(({ tokens }) =>
      tokens ? [tokens.accessToken, tokens.refreshToken] : [],
    ),
    ...world.gocd.grants.all.flatMap(({ accessToken, refreshToken }) => [
      accessToken,
      refreshToken,
    ]),
  ];
}
