// What the steps point to exists, agrees with README.md, and is all that may be read.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { GOCD } from '../../src/providers/gocd.js';
import { RALLY } from '../../src/providers/rally.js';
import { SIGN_IN, SOURCE_PATHS, stepOf } from '../../src/walkthrough/steps.js';
import { closeAll, start } from '../support/start.js';
import { Visitor } from '../support/visitor.js';

afterEach(closeAll);

const IDS = [...SIGN_IN, 'refresh', 'failed-page', 'refused'] as const;

describe.each([RALLY, GOCD])('the steps at $name', (provider) => {
  test.each(IDS)('%s names functions that its files declare', (id) => {
    for (const { path, symbol } of stepOf(id, provider).sources) {
      const text = readFileSync(`src/${path}`, 'utf8');
      if (symbol)
        expect(text).toMatch(new RegExp(`^(export )?(async )?function ${symbol}\\b`, 'm'));
    }
  });
});

describe('the table of the dance in README.md', () => {
  const readme = readFileSync('README.md', 'utf8');
  const rows = readme.split('\n').filter((line) => /^\| [1-4] /.test(line));

  test.each([
    ['1', 'authorization-request'],
    ['2', 'authorization-response'],
    ['3', 'token-request'],
    ['4', 'api-call'],
  ] as const)('has in row %s the files and the section of %s', (number, id) => {
    const row = rows.find((line) => line.startsWith(`| ${number} `)) ?? '';
    const files = [...row.matchAll(/\[([\w/-]+\.ts)\]/g)].map(([, path]) => path);
    const { sources, rfc } = stepOf(id, RALLY);

    expect(files.length).toBeGreaterThan(0);
    expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining(files));
    expect(rfc.text).toBe(`RFC 6749 ${/§[\d.]+/.exec(row)?.[0] ?? ''}`);
  });
});

describe('GET /walkthrough/src/…', () => {
  test('shows each file that a step names, with line numbers and names to link to', async () => {
    const { url } = await start();
    expect(SOURCE_PATHS.size).toBeGreaterThan(10);
    for (const path of SOURCE_PATHS) {
      const page = await new Visitor().visit(`${url}/walkthrough/src/${path}`);
      const lines = page.$('.line').toArray();

      expect(page.status).toBe(200);
      expect(lines.map((line) => page.$(line).text().replace(/^\d+/, '')).join('\n')).toBe(
        readFileSync(`src/${path}`, 'utf8').trimEnd(),
      );
    }
    const page = await new Visitor().visit(`${url}/walkthrough/src/oauth/token-request.ts`);
    expect(page.$('.line:has(#tokenRequest)').text()).toContain('function tokenRequest(');
  });

  test.each([
    '/walkthrough/src/config.ts',
    '/walkthrough/src/',
    '/walkthrough/src',
    '/walkthrough/src/oauth',
    '/walkthrough/src/routes/../config.ts',
    '/walkthrough/src/..%2f.env',
    '/walkthrough/src/routes/..%2f..%2fpackage.json',
    '/walkthrough/src/routes/login.ts%00',
    '/walkthrough/src/routes/login.ts/.env',
    '/walkthrough/../.env',
    '/src/app.ts',
    '/.env',
  ])('%s is a 404', async (path) => {
    const { url } = await start();

    expect(await statusOf(url, path)).toBe(404);
  });
});

/** Asks for a path as it is: a URL object would resolve its dots. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const [response] = (await once(get(url, { path }), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
