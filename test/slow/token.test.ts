// `npm run token` as a process in the cases that test/token.test.ts leaves out: every outage, what a
// terminal does, and the page of --listen in a browser.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { findChromium, startChromium } from '../support/chromium.js';
import { allow, deny } from '../support/dance.js';
import { freePort } from '../support/process.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { json, startStubProvider } from '../support/stub-provider.js';
import { hasTerminal } from '../support/terminal.js';
import { endCommands, runToken, runTokenInTerminal, said } from '../support/token-command.js';
import {
  allowAll,
  ask,
  openConsent,
  PROMPT,
  prompted,
  settings,
  settingsToListen,
  tokenRequestsAt,
  type,
  WAITING,
} from '../support/token-sign-in.js';

const describeWithChromium = findChromium() ? describe : describe.skip;
const testInTerminal = hasTerminal() ? test : test.skip;

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
});

afterEach(async () => {
  await endCommands();
  await closeSandboxes();
});

describe('npm run token -- gocd', () => {
  test.each([
    'token-server-error',
    'token-503',
    'token-429',
    'token-html',
    'token-truncated',
    'token-dripping',
    'token-redirect',
  ])('exits 3 upon the outage %s', async (name) => {
    const all = { times: undefined, client: undefined, provider: undefined };
    sandbox.world.failures.switchOn({ ...all, name, seconds: 3 });
    const UPSTREAM_TIMEOUT_MS = name === 'token-dripping' ? '300' : '15000';
    const command = runToken(['gocd'], { ...settings(sandbox, 'gocd'), UPSTREAM_TIMEOUT_MS });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(3);
    expect(command.output()).toBe('');
    expect(command.errors()).not.toMatch(/^ +at /m);
    expect(tokenRequestsAt(sandbox)).toBe(1);
  });

  test('exits 3 when nothing answers there', async () => {
    const command = runToken(['gocd'], {
      ...settings(sandbox, 'gocd'),
      GOCD_SERVER: `http://localhost:${await freePort()}`,
    });
    await said(command, PROMPT);
    type(command, 'any-code');

    expect(await command.exit).toBe(3);
    expect(command.errors()).toContain('GOCD_SERVER');
  });

  test('takes the code alone, and says that its state could not be checked', async () => {
    const command = runToken(['gocd'], settings(sandbox, 'gocd'));
    const back = await allowAll(command);
    type(command, back.searchParams.get('code') ?? '');

    expect(await command.exit).toBe(0);
    expect(command.errors()).toContain('could not be checked');
    expect(await ask(command, command.output().trim())).toBe(200);
  });

  test('exits 1 for a forged address, and no request leaves', async () => {
    const command = runToken(['gocd'], settings(sandbox, 'gocd'));
    const back = await allowAll(command);
    type(command, back.search.replace(/state=[^&]+/, 'state=another'));

    expect(await command.exit).toBe(1);
    expect(command.output()).toBe('');
    expect(command.errors()).not.toContain(back.searchParams.get('code'));
    expect(tokenRequestsAt(sandbox)).toBe(0);
  });

  test('exits 1 for a code that is none, and says all that may be behind it', async () => {
    const command = runToken(['gocd'], settings(sandbox, 'gocd'));
    type(command, 'no-code');

    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('used, too old, cut short, or no code at all');
  });

  test('exits 1 for a wrong client secret, and names its variable without its value', async () => {
    const command = runToken(['gocd'], {
      ...settings(sandbox, 'gocd'),
      GOCD_CLIENT_SECRET: 'a-wrong-secret',
    });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('GOCD_CLIENT_SECRET');
    expect(command.errors()).not.toContain('a-wrong-secret');
  });
});

describe('a denial', () => {
  test.each(['rally', 'gocd'] as const)('at %s exits 1 when it is pasted', async (provider) => {
    const command = runToken([provider], settings(sandbox, provider));
    const { visitor, consent } = await openConsent(command);
    type(command, (await deny(visitor, consent)).href);

    expect(await command.exit).toBe(1);
    expect(command.errors()).toMatch(/denied/);
    expect(command.output()).toBe('');
  });

  test('at Rally, which returns the state, ends --listen with 1', async () => {
    const command = runToken(['rally', '--listen'], await settingsToListen(sandbox, 'rally'));
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await deny(visitor, consent));

    expect(page.status).toBe(403);
    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('Access was denied');
  });
});

describe('npm run token in a terminal', () => {
  testInTerminal('goes on waiting after Ctrl-Z and fg', async () => {
    const stopAndGoOn = (command: string) => `set -m; ${command}; fg`;
    const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'), stopAndGoOn);
    const back = await allowAll(command);
    command.child.stdin?.write('\x1a');
    await said(command, prompted(2));
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^Access token: {2}\S+\r?$/m);
  });

  testInTerminal('gives up after four wrong pastes', async () => {
    const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'));
    for (let asked = 1; asked <= 4; asked++) {
      await said(command, prompted(asked));
      type(command, 'not a code');
    }

    expect(await command.exit).toBe(2);
  });

  testInTerminal('ends when what was pasted has used up the sign-in', async () => {
    const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'));
    const back = await allowAll(command);
    back.searchParams.delete('code');
    type(command, back.href);

    expect(await command.exit).toBe(1);
  });

  testInTerminal.each([
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('gives it back as it was upon %s', async (signal, exitCode) => {
    const thenLook = (command: string) =>
      `sh -c 'echo "pid $$"; exec ${command}'; echo "ended with $?"; stty -a`;
    const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'), thenLook);
    await said(command, PROMPT);
    process.kill(Number(/pid (\d+)/.exec(command.output())?.[1]), signal);
    await command.exit;

    expect(command.output()).toContain(`ended with ${exitCode}`);
    expect(command.output()).toMatch(/ icanon .* echo /s);
  });
});

describe('the settings', () => {
  test('exit 2 at a GoCD without OAuth, and name what a sign-in would need', async () => {
    const command = runToken(['gocd'], { GOCD_SERVER: 'https://go.example/go' });

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('not configured: GOCD_CLIENT_ID, GOCD_CLIENT_SECRET are');
  });

  test('exit 2 when one is missing, and name that one', async () => {
    const command = runToken(['rally'], { RALLY_CLIENT_ID: 'the-client' });

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('RALLY_CLIENT_SECRET is missing');
  });

  test('exit 2 when the redirect URI of --listen is not on this machine', async () => {
    const environment = { ...settings(sandbox, 'rally'), SERVER_URL: 'https://app.example' };
    const command = runToken(['rally', '--listen'], environment);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('https://app.example/oauth-redirect is elsewhere');
  });
});

describe('the streams', () => {
  test('exit 2 when the input ends without a line', async () => {
    const command = runToken(['rally'], settings(sandbox, 'rally'));
    command.child.stdin?.end('\n  \n');

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('The input ended before anything was pasted');
  });

  test('exit 70 when nothing can come from them any more', async () => {
    const NODE_OPTIONS = '--import=data:text/javascript,process.stdin.unref()';
    const command = runToken(['rally'], { ...settings(sandbox, 'rally'), NODE_OPTIONS });

    expect(await command.exit).toBe(70);
    expect(command.output()).toBe('');
  });
});

describe('a provider’s own words', () => {
  test('are quoted without secrets and without control of the terminal by --listen', async () => {
    const stub = await startStubProvider();
    const echo = '\x1b[2J\x07you sent pwd1 and the-code and \u202etxt';
    stub.answers.set('/login/oauth2/token', json({ error: 'odd\x1b]0;', error_description: echo }));
    const port = await freePort();
    const command = runToken(['rally', '--listen'], {
      PORT: String(port),
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'pwd1', // so short that nothing but its name gives it away
    });
    await said(command, WAITING);
    const state = /state=([\w-]+)/.exec(command.errors())?.[1] ?? '';
    await fetch(`http://localhost:${port}/oauth-redirect?code=the-code&state=${state}`);
    const exitCode = await command.exit;
    await stub.close();

    expect(exitCode).toBe(1);
    expect(command.errors()).toContain('What Rally says: ');
    expect(command.errors()).toContain('you sent …');
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(command.errors()).not.toMatch(/pwd1|the-code|[\x00-\x09\x0b-\x1f\u202e]/);
  });
});

describeWithChromium('the page of --listen, in Chromium', () => {
  test('takes the colours of the system and its own style, against no policy', async () => {
    const command = runToken(['rally', '--listen'], await settingsToListen(sandbox, 'rally'));
    const { visitor, consent } = await openConsent(command);
    const back = await allow(visitor, consent);
    const browser = await startChromium();
    try {
      const page = await browser.newPage({ colorScheme: 'dark' });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(back.href);
      const [colour, width] = await page.evaluate(() => [
        getComputedStyle(document.body).color,
        getComputedStyle(document.body).maxWidth,
      ]);

      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Signed in');
      expect([colour, width]).toEqual(['rgb(255, 255, 255)', '576px']);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
