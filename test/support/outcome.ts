import { expect } from '@jest/globals';
import { load } from 'cheerio';
import type { Page } from './visitor.js';

// What holds for every answer of the app, whatever made it.

/** The place in a file that a line of a stack names. A date of a provider (`at Wed, 21 Oct 2026 07:28:00`) is none. */
export const STACK = /(\.[cm]?[jt]s|node:[\w/]+):\d+:\d+/;

type Answer = Pick<Page, 'status' | 'headers' | 'text'>;

/** A page of ours, which nothing that was sent or received could shape. */
export function expectPage({ status, headers, text }: Answer): void {
  if (status >= 300 && status < 400) return;
  const $ = load(text);
  expect($('h1').text()).not.toBe('');
  expect($('h1').text()).not.toBe('Something went wrong here'); // it would be our own fault
  expect($('[data-injected]')).toHaveLength(0);
  expect(headers['x-injected']).toBeUndefined();
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(text).not.toMatch(STACK);
}

/** How much of an output a failure shows before and after a secret. */
const AROUND = 100;

/**
 * None of the secrets has left the app.
 *
 * @param log the lines that were written meanwhile
 */
export function expectNoLeak(secrets: readonly string[], answers: Answer[], log: string[]): void {
  const shown = answers.flatMap(({ headers, text }) => [
    JSON.stringify(headers),
    text,
    unescaped(text),
  ]);
  const left = [...shown, ...log];
  const leaks = left.flatMap((output) =>
    secrets
      .map((secret) => output.indexOf(secret))
      .filter((at) => at >= 0)
      .map((at) => output.slice(Math.max(0, at - AROUND), at + AROUND)),
  );
  expect(leaks).toEqual([]);
}

/** As a reader of the page has it. */
function unescaped(output: string): string {
  return output
    .replaceAll(/&lt;|&#60;/g, '<')
    .replaceAll(/&gt;|&#62;/g, '>')
    .replaceAll(/&#39;|&apos;/g, "'")
    .replaceAll(/&#34;|&quot;/g, '"')
    .replaceAll('&amp;', '&');
}
