// What the steps point to exists, agrees with README.md, and is all that may be read.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RALLY } from '../../src/providers/rally.js';
import { findDeclarations, sourcePaths } from '../../src/walkthrough/sources.js';
import { stepOf, SYMBOLS } from '../../src/walkthrough/steps.js';
import { closeAll, start } from '../support/start.js';
import { Visitor } from '../support/visitor.js';
import { sourcePathOf } from '../support/walkthrough.js';

afterEach(closeAll);

describe('the functions that the steps name', () => {
  test('are each declared by exactly one file of src/', async () => {
    const paths = await sourcePaths();

    expect([...paths.keys()].sort()).toEqual([...new Set(SYMBOLS)].sort());
    expect(new Set(paths.values()).size).toBeGreaterThan(10);
  });

  describe('in a folder', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sources-'));
      mkdirSync(join(folder, 'session'));
      mkdirSync(join(folder, 'sandbox'));
      writeFileSync(join(folder, 'session/one.ts'), 'export async function connect() {\n}\n');
      writeFileSync(join(folder, 'two.ts'), 'interface Step {}\nconst connection = connect;\n');
      writeFileSync(join(folder, 'sandbox/three.ts'), 'export function connect() {}\n');
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    test('are found in the client, and the sandbox’s of the same name are left out', async () => {
      expect([...(await findDeclarations(['connect', 'Step'], folder))]).toEqual([
        ['connect', 'session/one.ts'],
        ['Step', 'two.ts'],
      ]);
    });

    test('are an error by name where a file is gone, or two declare the same', async () => {
      await expect(findDeclarations(['connect', 'createRally'], folder)).rejects.toThrow(
        'the walkthrough names createRally, which no file of src/ declares',
      );
      writeFileSync(join(folder, 'two.ts'), 'export const connect = 1;\n');
      await expect(findDeclarations(['connect'], folder)).rejects.toThrow(
        /names connect, which both \S+ and \S+ declare/,
      );
    });
  });
});

describe('the links to files in README.md', () => {
  const lines = readFileSync('README.md', 'utf8').split('\n');
  const lineOf = (beginning: string) => lines.find((line) => line.startsWith(beginning)) ?? '';
  const rows = [
    ['| 1 ', 'authorization-request', ['login', 'authorizationRequestUrl']],
    ['| 2 ', 'authorization-response', ['oauthRedirect', 'readAuthorizationResponse']],
    ['| 3 ', 'token-request', ['tokenRequest']],
    ['| 4 ', 'api-call', ['showWork', 'createRally']],
  ] as const;

  test.each([
    ['|     | every URL', ['createApp']] as const,
    ...rows.map(([beginning, , symbols]) => [beginning, symbols] as const),
    ['Eight short files', ['createGoCD']] as const,
  ])('in the line “%s…” lead to the files that declare %j', async (beginning, symbols) => {
    const links = [...lineOf(beginning).matchAll(/\[([\w/-]+\.ts)\](?:\(src\/([^)]+)\))?/g)].map(
      ([, label = '', target = label]) => target,
    );
    const paths = await findDeclarations(symbols, 'src');
    const wrong = symbols.flatMap((symbol, index) => {
      const [link, path] = [links[index] ?? 'nothing', paths.get(symbol) ?? ''];
      return link === path
        ? []
        : `README links ${link} for \`${symbol}\`, which is now declared in ${path}`;
    });

    expect(wrong).toEqual([]);
    expect(links).toHaveLength(symbols.length);
  });

  test.each(rows)('in the row “%s” agree with the step %s', (beginning, id, symbols) => {
    const { sources, rfc } = stepOf(id, RALLY);

    expect(sources).toEqual(expect.arrayContaining([...symbols]));
    expect(rfc.text).toBe(`RFC 6749 ${/§[\d.]+/.exec(lineOf(beginning))?.[0] ?? ''}`);
  });
});

describe('GET /walkthrough', () => {
  test('links each step’s functions, in the files that declare them', async () => {
    const { url } = await start();
    const page = await new Visitor().visit(`${url}/walkthrough`);
    const linked = new Set(
      page
        .$('.see .file')
        .toArray()
        .map((link) => `${link.attribs['href'] ?? ''} ${page.$(link).text()}`),
    );
    const expected = [...(await sourcePaths())].map(
      ([symbol, path]) => `/walkthrough/src/${path}#${symbol} src/${path}`,
    );

    expect(linked.size).toBeGreaterThan(10);
    expect(expected).toEqual(expect.arrayContaining([...linked]));
  });
});

describe('GET /walkthrough/src/…', () => {
  test('shows each file that a step names, with line numbers and names to link to', async () => {
    const { url } = await start();
    for (const [symbol, path] of await sourcePaths()) {
      const page = await new Visitor().visit(`${url}/walkthrough/src/${path}`);
      const lines = page.$('.line').toArray();

      expect(page.status).toBe(200);
      expect(lines.map((line) => page.$(line).text().replace(/^\d+/, '')).join('\n')).toBe(
        readFileSync(`src/${path}`, 'utf8').trimEnd(),
      );
      expect(page.$(`.line:has(#${symbol})`).text()).toContain(`function ${symbol}`);
    }
  });

  test.each([
    '/walkthrough/src/config.ts',
    '/walkthrough/src/sandbox/rally/rally.ts',
    '/walkthrough/src/',
    '/walkthrough/src',
    '/walkthrough/src/oauth',
    '/walkthrough/src/routes/../config.ts',
    '/walkthrough/src/..%2f.env',
    '/walkthrough/src/routes/..%2f..%2fpackage.json',
    '/walkthrough/src/__proto__',
    '/walkthrough/../.env',
    '/src/app.ts',
    '/.env',
  ])('%s is a 404', async (path) => {
    const { url } = await start();

    expect(await statusOf(url, path)).toBe(404);
  });

  test.each(['%00', '/.env', '/../../../.env', '%2f..%2f..%2f..%2f.env', '.map'])(
    'the path of a file that it shows, with %s after it, is a 404',
    async (more) => {
      const { url } = await start();
      const path = await sourcePathOf('login');

      expect(await statusOf(url, path)).toBe(200);
      expect(await statusOf(url, path + more)).toBe(404);
    },
  );
});

/** Asks for a path as it is: a URL object would resolve its dots. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const [response] = (await once(get(url, { path }), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
