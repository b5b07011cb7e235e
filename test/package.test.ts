// What npm, Heroku and GitHub read, held against what is really there.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { VARIABLES } from '../src/config/environment.js';
import { loadConfig } from '../src/config.js';

const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};

describe('package.json', () => {
  test('decides on every package that would run a script while it is installed', () => {
    const { allowScripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      allowScripts: Record<string, boolean>;
    };
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const scripted = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));

    expect(scripted.filter((name) => !(name in allowScripts))).toEqual([]);
    expect(Object.keys(allowScripts).filter((name) => !scripted.includes(name))).toEqual([]);
  });
});

/** https://devcenter.heroku.com/articles/app-json-schema */
const KEYS_OF_HEROKU = [
  ...[
    'addons',
    'buildpacks',
    'description',
    'env',
    'environments',
    'formation',
    'image',
    'keywords',
  ],
  ...['logo', 'name', 'repository', 'scripts', 'stack', 'success_url', 'website'],
];

describe('app.json', () => {
  interface Manifest {
    readonly name: string;
    readonly description: string;
    readonly env: Record<string, { description?: string; value?: string; generator?: 'secret' }>;
    readonly formation: Record<string, unknown>;
  }
  const manifest = JSON.parse(readFileSync('app.json', 'utf8')) as Manifest;
  const processes = [...readFileSync('Procfile', 'utf8').matchAll(/^([\w-]+): (.+)$/gm)];

  test('has no key but those of Heroku’s “app.json Schema”, and texts of the length it allows', () => {
    expect(Object.keys(manifest).filter((key) => !KEYS_OF_HEROKU.includes(key))).toEqual([]);
    expect(manifest.name.length).toBeLessThanOrEqual(30);
    expect(manifest.description.length).toBeLessThanOrEqual(140);
  });

  test('asks only for variables that the app reads, and says of each what it is', () => {
    const variables = Object.entries(manifest.env);

    expect(variables.map(([name]) => name).filter((name) => !VARIABLES.includes(name))).toEqual([]);
    expect(variables.filter(([, { description }]) => !description)).toEqual([]);
  });

  test.each([
    ['Rally', { RALLY_CLIENT_ID: 'id', RALLY_CLIENT_SECRET: 'secret' }],
    ['GoCD', { GOCD_SERVER: 'https://go.example/go' }],
  ])(
    'with %s filled in, and what Heroku sets by itself, makes a whole configuration',
    (_, given) => {
      const byTheManifest = Object.entries(manifest.env).map(([name, { value, generator }]) => [
        name,
        generator ? 'a'.repeat(64) : value,
      ]);
      const config = loadConfig({
        ...(Object.fromEntries(byTheManifest) as Record<string, string | undefined>),
        NODE_ENV: 'production',
        DYNO: 'web.1',
        PORT: '23456',
        REDIS_URL: 'rediss://:password@redis.example:6379',
        HEROKU_APP_DEFAULT_DOMAIN_NAME: 'an-app-1234567890ab.herokuapp.com',
        ...given,
      });

      expect(config.serverUrl).toBe('https://an-app-1234567890ab.herokuapp.com');
      expect(config.redis?.verifiesCertificate).toBe(false);
    },
  );

  test('has the processes of the Procfile, which start the compiled server', () => {
    const names = processes.map(([, name]) => name);

    expect(processes.map(([, , command]) => command)).toEqual([scripts['start']]);
    expect(Object.keys(manifest.formation)).toEqual(names);
  });
});

describe('.github/workflows', () => {
  const workflows = readdirSync('.github/workflows').map(
    (file) => [file, readFileSync(`.github/workflows/${file}`, 'utf8')] as const,
  );

  test.each(workflows)('%s: may only read, and pins every action by its commit', (_, text) => {
    const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);

    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  test('ci.yml tries the versions of Node that package.json asks for', () => {
    const ci = readFileSync('.github/workflows/ci.yml', 'utf8');
    const tried = /node: \[(.*)\]/.exec(ci)?.[1]?.split(', ');

    expect(tried).toEqual([...engines.node.matchAll(/\^(\d+)/g)].map(([, major]) => major));
  });
});
