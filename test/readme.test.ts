// What the documents name must exist: the older samples' READMEs and their code had come apart.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse } from 'dotenv';
import { VARIABLES } from '../src/config/environment.js';
import { EXPIRE, NAMES } from '../src/sandbox/switches.js';
import {
  brokenLinks,
  commandsIn,
  DOCUMENTS,
  filesIn,
  functionsIn,
  namesIn,
  routesIn,
  scriptsIn,
  sourceFilesIn,
  variablesIn,
} from './support/document.js';
import { NOT_RUN, RUN } from './support/readme-commands.js';
import { closeAll, start } from './support/start.js';

/** What Node and Heroku read or set, and we do not. */
const OF_OTHERS = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', 'WEB_MEMORY'];

/** In code font in our documents, and in the code of others: GoCD, and browsers. */
const NAMES_OF_OTHERS = ['siteUrl', 'secureSiteUrl', 'CctrayController', 'HttpOnly'];

/** Documents that may name what has been moved or renamed since. */
const WITH_FORMER_NAMES = ['CHANGELOG.md'];

const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join('src', path), 'utf8'))
  .join('\n');

const readme = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};

afterEach(closeAll);

describe('README.md', () => {
  test('shows the run command within its first ten lines, and the dance within forty', () => {
    const lines = readme.split('\n');

    expect(lines.slice(0, 10).join('\n')).toContain('npm ci && npm start');
    expect(lines.slice(0, 40).filter((line) => /^\| [1-4] /.test(line))).toHaveLength(4);
  });

  test('names every variable that config.ts reads', () => {
    const named = VARIABLES.filter((name) => !['DYNO'].includes(name));

    expect(
      named.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`$${name}`)),
    ).toEqual([]);
  });

  test('can be read in one sitting', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });

  test('names in its layout only what src/ has', () => {
    const layout = /^src\/\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
    const names = [...layout.matchAll(/(?<![\w/])[\w-]+(?:\.ts|\/)(?=[\s,;]|$)/gm)].map(
      ([name]) => name,
    );
    const atTheRoot = names.filter((name) => !existsSync(`src/${name}`));

    expect(names.length).toBeGreaterThan(15);
    expect(atTheRoot.filter((name) => !existsSync(name))).toEqual([]);
  });

  test('lists every route of app.ts, and none that it does not have', () => {
    // The one with a wildcard has its words in the row of the path above it.
    const routes = [...readFileSync('src/app.ts', 'utf8').matchAll(/^ {2}route\('([^'*]+)'/gm)];
    const inApp = routes.map(([, path]) => path ?? '').sort();
    const table = readme.slice(readme.indexOf('## Routes'), readme.indexOf('## Environment'));
    const inReadme = [...table.matchAll(/`(?:GET|POST) (\/[\w/.-]*)`/g)].map(
      ([, path]) => path ?? '',
    );

    expect([...new Set(inReadme)].sort()).toEqual(inApp);
  });

  test('gives a reason for every package', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: object;
      devDependencies: object;
    };
    const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    const explained = packages.filter((name) => !/^@types\/|^@jest\/|^@eslint\//.test(name));

    expect(explained.filter((name) => !readme.includes(name))).toEqual([]);
  });
});

describe('a command in README.md', () => {
  const commands = DOCUMENTS.filter(({ path }) => path === 'README.md').flatMap(commandsIn);

  test('is run by these tests, or there is a reason why not', () => {
    expect([...commands].sort()).toEqual([...Object.keys(RUN), ...Object.keys(NOT_RUN)].sort());
  });
});

describe('.env.example', () => {
  const example = readFileSync('.env.example', 'utf8');

  test('is safe to copy as it is: it sets nothing', () => {
    expect(parse(example)).toEqual({});
  });

  test('lists every variable that config.ts reads', () => {
    const setByThePlatform = ['DYNO', 'HEROKU_APP_DEFAULT_DOMAIN_NAME'];
    const names = VARIABLES.filter((name) => !setByThePlatform.includes(name));

    expect(names.filter((name) => !new RegExp(`^# ${name}=`, 'm').test(example))).toEqual([]);
  });
});

describe.each(DOCUMENTS)('$path', (document) => {
  test('links only to files and headings that exist', () => {
    expect(brokenLinks(document)).toEqual([]);
  });

  test('names only variables that somebody reads', () => {
    const known = [...VARIABLES, ...OF_OTHERS];

    expect(variablesIn(document).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('names only commands that package.json has', () => {
    expect(scriptsIn(document).filter((name) => !(name in scripts))).toEqual([]);
  });

  test('names only failures that the sandbox has', () => {
    const named = document.code.filter((code) =>
      /^(?:authorize|token|wsapi|cctray|expire)-[\w-]+$/.test(code),
    );

    expect(named.filter((name) => ![EXPIRE, ...NAMES].includes(name))).toEqual([]);
  });

  test('names only paths that the app or the sandbox answers at', async () => {
    const { url, sandbox } = await start();
    const unknown: string[] = [];
    for (const path of routesIn(document)) {
      const statuses = await Promise.all(
        [url, sandbox.url].flatMap((server) =>
          ['GET', 'POST'].map(async (method) => {
            const answer = await fetch(server + path, { method, redirect: 'manual' });
            await answer.arrayBuffer();
            return answer.status;
          }),
        ),
      );
      if (statuses.every((status) => status === 404)) unknown.push(path);
    }

    expect(unknown).toEqual([]);
  });
});

describe.each(DOCUMENTS.filter(({ path }) => !WITH_FORMER_NAMES.includes(path)))(
  '$path',
  (document) => {
    test('names only files and folders that exist', () => {
      expect(filesIn(document).filter((path) => !existsSync(path))).toEqual([]);
    });

    test('names no file of src/, so that files can be moved; README’s links are an exception', () => {
      expect(document.path === 'README.md' ? [] : sourceFilesIn(document)).toEqual([]);
    });

    test('names only functions, fields and types that src/ has', () => {
      const names = namesIn(document).filter((name) => !NAMES_OF_OTHERS.includes(name));
      const isFunction = (name: string) =>
        new RegExp(`^(?:export )?(?:async )?(?:function\\*?|const) ${name}\\b`, 'm').test(source);

      expect(functionsIn(document).filter((name) => !isFunction(name))).toEqual([]);
      expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
    });
  },
);
