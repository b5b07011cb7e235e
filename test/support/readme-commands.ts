import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { signIn } from './dance.js';
import { freePort, printed } from './process.js';
import { copyOfTree, installedCopy, runInShell } from './shell-command.js';
import { Visitor } from './visitor.js';

// What becomes of each command that README.md tells to type: it is run, or there is a reason.

/** Each must do what the README says it does. */
export const RUN: Readonly<Record<string, (command: string) => Promise<void>>> = {
  'npm ci': fitsTheLockFile,
  'npm run build': compiles,
  'npm start': startsWithSandbox,
  'npm run dev': startsWithSandbox,
  'SANDBOX_TOKEN_TTL_S=20 npm start': startsWithSandbox,
  'cp .env.example .env': (command) => startsWithSandbox(`${command} && npm start`),
  // Foreman is a program of Ruby's; this is what it does.
  'foreman start': () =>
    startsWithSandbox(/^web: (.+)$/m.exec(readFileSync('Procfile', 'utf8'))?.[1] ?? 'false'),
  'npm run sandbox': (command) => prints(command, /RALLY_CLIENT_SECRET=\S+[^]*GOCD_SERVER=http/),
  'npm run token': (command) => prints(command, 'npm run token -- rally'),
  'npm run token -- rally': (command) =>
    prints(command, /\/login\/oauth2\/auth\?\S*client_id=an-id/),
};

const IS_THE_SUITE = 'it is what runs this';
const TAKES_LONG = 'it takes minutes to hours of the whole machine';
const NEEDS_HEROKU =
  'it needs an account at Heroku; npm run rehearse does the same on this machine';

/** Each with the reason why it is not run here. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm test': IS_THE_SUITE,
  'npm run test:all': IS_THE_SUITE,
  'npm run test:watch -- refresh': 'it runs until it is stopped',
  'npm run check': IS_THE_SUITE,
  'npm run rehearse': 'it installs from the registry; CI runs it after the tests',
  'npm prune --omit=dev': 'npm run rehearse does it, in a clone of its own',
  'npm run screenshots': TAKES_LONG,
  'npm run bench': TAKES_LONG,
  'npm run bench -- home --quick': 'it installs other packages, to measure against',
  'npm run mutate': TAKES_LONG,
  'npm run rounds': TAKES_LONG,
  'npm run soak': TAKES_LONG,
  'npm run soak:anonymous': TAKES_LONG,
  'apt-get install chromium redis-server': '.ci/need has done it where these tests run',
  'heroku create': NEEDS_HEROKU,
  'heroku addons:create heroku-redis:mini': NEEDS_HEROKU,
  'heroku labs:enable runtime-dyno-metadata': NEEDS_HEROKU,
  'heroku config:set SESSION_SECRET=$(openssl rand -hex 32) REDIS_TLS_VERIFY=false': NEEDS_HEROKU,
  'heroku config:set RALLY_CLIENT_ID=… RALLY_CLIENT_SECRET=…': NEEDS_HEROKU,
  'git push heroku main': NEEDS_HEROKU,
};

/** What npm would install is checked, and nothing fetched. */
async function fitsTheLockFile(command: string): Promise<void> {
  const { exit, output } = runInShell(command, copyOfTree(), {
    npm_config_dry_run: 'true',
    npm_config_ignore_scripts: 'true',
  });
  expect([await exit, output()]).toEqual([0, expect.stringMatching(/added \d+ packages/)]);
}

async function compiles(command: string): Promise<void> {
  const folder = installedCopy();
  rmSync(join(folder, 'dist'), { recursive: true });
  const { exit, output } = runInShell(command, folder);

  expect([await exit, output()]).toEqual([0, expect.anything()]);
  expect(existsSync(join(folder, 'dist/server.js'))).toBe(true);
}

/** With the people and the password that the README names, a person gets to stories and pipelines. */
async function startsWithSandbox(command: string): Promise<void> {
  const [port, sandboxPort] = [await freePort(), await freePort()];
  const run = runInShell(command, installedCopy(), {
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
  });
  await printed(run, 'The sandbox stands in');
  const url = `http://localhost:${port}`;
  const visitor = new Visitor();
  const stories = await signIn(visitor, { url }, 'rally', 'ada@example.test');
  const pipelines = await signIn(visitor, { url }, 'gocd', 'ada');

  expect(stories.$('h1').text()).toBe('Stories of Ada Finch');
  expect(pipelines.$('h1').text()).toBe('Pipelines');
}

async function prints(command: string, text: string | RegExp): Promise<void> {
  const run = runInShell(command, installedCopy(), {
    SANDBOX_PORT: String(await freePort()),
    RALLY_CLIENT_ID: 'an-id',
    RALLY_CLIENT_SECRET: 'a-secret',
  });
  await printed(run, text);
}
