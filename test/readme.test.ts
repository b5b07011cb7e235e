// What the documents name must exist: the older samples' READMEs and their code had come apart.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'dotenv';
import { VARIABLES } from '../src/config/environment.js';

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'src/sandbox/README.md',
];
const readme = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
};

describe('README.md', () => {
  test('shows the run command within its first ten lines, and the dance within forty', () => {
    const lines = readme.split('\n');

    expect(lines.slice(0, 10).join('\n')).toContain('npm ci && npm start');
    expect(lines.slice(0, 40).join('\n')).toContain('[providers/rally.ts]');
  });

  test('names every variable that config.ts reads', () => {
    const named = VARIABLES.filter((name) => !['DYNO'].includes(name));

    expect(
      named.filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`$${name}`)),
    ).toEqual([]);
  });

  test('names only commands that package.json has', () => {
    const named = [...readme.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name ?? '');

    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('lists every route of app.ts, and none that it does not have', () => {
    const routes = [...readFileSync('src/app.ts', 'utf8').matchAll(/^ {2}route\('([^']+)'/gm)];
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

describe.each(documents)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  test('links only to files that exist', () => {
    const inline = text.matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    const atTheEnd = text.matchAll(/^\[[^\]]+\]: (?!https?:)(\S+)$/gm);
    const links = [...inline, ...atTheEnd].map(([, path]) => path ?? '');

    expect(links.filter((path) => !existsSync(join(dirname(document), path)))).toEqual([]);
  });

  test('names only files of src/ that exist', () => {
    const paths = [...text.matchAll(/\bsrc\/[\w/.-]+\w/g)].map(([path]) => path);

    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});
