// `npm run token`, with a visitor for the part of the person's browser. What is promised to scripts
// (streams, exit codes) and to people (nothing secret on the screen) is looked at from outside.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { NobodyCameError, waitForRedirect } from '../src/token/listen.js';
import type { Sandbox } from '../src/sandbox/sandbox.js';
import { findChromium, startChromium } from './support/chromium.js';
import { allow, deny } from './support/dance.js';
import {
  addClient,
  askFor,
  clientOf,
  closeSandboxes,
  startSandboxAlone,
  type SandboxClient,
} from './support/sandbox.js';
import { listen, stop } from './support/start.js';
import { hold, json, startStubProvider, type StubProvider } from './support/stub-provider.js';
import { hasTerminal } from './support/terminal.js';
import {
  endCommands,
  runToken,
  runTokenInTerminal,
  said,
  type TokenCommand,
} from './support/token-command.js';
import { Visitor } from './support/visitor.js';

/** Where the command waits for a paste, or listens. */
const PROMPT = /Paste that address.*:/;
const WAITING = /Waiting at .*/;

const describeWithChromium = findChromium() ? describe : describe.skip;
const testInTerminal = hasTerminal() ? test : test.skip;

let sandbox: Sandbox;
let stub: StubProvider | undefined;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
});

afterEach(async () => {
  jest.useRealTimers();
  await endCommands();
  await closeSandboxes();
  await stub?.close();
  stub = undefined;
});

type ProviderId = 'rally' | 'gocd';

/** The settings that `npm run sandbox` prints. */
function settings(
  provider: ProviderId,
  client: SandboxClient = clientOf(sandbox, provider),
): Record<string, string> {
  const prefix = provider.toUpperCase();
  return {
    SERVER_URL: new URL(client.redirectUri).origin,
    [`${prefix}_SERVER`]: provider === 'rally' ? sandbox.url : sandbox.gocdUrl,
    [`${prefix}_CLIENT_ID`]: client.id,
    [`${prefix}_CLIENT_SECRET`]: client.secret,
  };
}

/** Settings of a client whose redirect URI the command can listen at. */
async function settingsToListen(provider: ProviderId): Promise<Record<string, string>> {
  const path = provider === 'rally' ? '/oauth-redirect' : '/oauth-redirect/gocd';
  const redirectUri = `http://localhost:${await freePort()}${path}`;
  return settings(provider, addClient(sandbox, provider, redirectUri));
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await stop(server);
  return port;
}

/** Opens the printed address and signs in; ends before the decision. */
async function openConsent(command: TokenCommand, visitor = new Visitor()) {
  await said(command, new RegExp(`${PROMPT.source}|${WAITING.source}`));
  const url = new URL(await said(command, /http:\S+response_type=\S+/));
  const consent = await askFor(
    visitor,
    url,
    url.pathname.startsWith('/login') ? 'ada@example.test' : 'ada',
  );
  return { visitor, consent, url };
}

/** Where the browser is sent once the person has allowed. */
async function allowAll(command: TokenCommand): Promise<URL> {
  const { visitor, consent } = await openConsent(command);
  return allow(visitor, consent);
}

function type(command: TokenCommand, text: string): void {
  command.child.stdin?.write(`${text}\n`);
}

/** That it has asked for a paste so many times. */
function prompted(times: number): RegExp {
  return new RegExp(`(?:Paste that address[^]*?:[^]*?){${times}}`);
}

function tokenRequests(): number {
  return sandbox.world.received.all.filter(({ path }) => /\/oauth2?\/token$/.test(path)).length;
}

/** Runs the printed line in a shell, with a curl that prints what it was given. */
function runPrintedCurl(command: TokenCommand, token: string): string[] {
  const line = /^curl .*$/m.exec(command.errors())?.[0] ?? '';
  const shell = spawnSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${line}`], {
    env: { TOKEN: token },
    encoding: 'utf8',
  });
  return shell.stdout.trim().split('\n');
}

/** Asks the provider's API as that line does. */
async function ask(command: TokenCommand, token: string): Promise<number> {
  const [, header = '', url = ''] = runPrintedCurl(command, token);
  const [name = '', value = ''] = header.split(/: (.*)/);
  return (await fetch(url, { headers: { [name]: value } })).status;
}

function secretsOf(provider: ProviderId, back: URL): string[] {
  return [clientOf(sandbox, provider).secret, back.searchParams.get('code') ?? 'no code'];
}

describe.each(['rally', 'gocd'] as const)('npm run token -- %s', (provider) => {
  test('changes a pasted address for a token, which alone goes to standard output', async () => {
    const command = runToken([provider], settings(provider));
    const back = await allowAll(command);
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^\S+\n$/);
    const token = command.output().trim();
    expect(await ask(command, token)).toBe(200);
    expect(command.errors()).toMatch(/^The token ends at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$/m);
    for (const secret of [token, ...secretsOf(provider, back)]) {
      expect(command.errors()).not.toContain(secret);
    }
  });

  test('takes the code alone, and says that its state could not be checked', async () => {
    const command = runToken([provider], settings(provider));
    const back = await allowAll(command);
    type(command, back.searchParams.get('code') ?? '');

    expect(await command.exit).toBe(0);
    expect(command.errors()).toContain('could not be checked');
  });

  test('takes the query of the address, and checks the state in it', async () => {
    const command = runToken([provider], settings(provider));
    const back = await allowAll(command);
    type(command, back.search.replace(/state=[^&]+/, 'state=another'));

    expect(await command.exit).toBe(1);
    expect(tokenRequests()).toBe(0);
  });

  test('takes the address without its scheme, as browsers show it', async () => {
    const command = runToken([provider], settings(provider));
    const back = await allowAll(command);
    type(command, back.href.replace('http://', ''));

    expect(await command.exit).toBe(0);
  });

  test.each([
    ['another state', (back: URL) => back.href.replace(/state=[^&]+/, 'state=another')],
    ['no state', (back: URL) => back.href.replace(/state=[^&]+/, '')],
    ['the state twice', (back: URL) => `${back.href}&${/state=[^&]+/.exec(back.href)?.[0] ?? ''}`],
    ['another issuer', (back: URL) => `${back.href}&iss=https://elsewhere.example`],
    ['two codes', (back: URL) => `${back.href}&code=another`],
    ['another address', (back: URL) => back.href.replace('/oauth-redirect', '/elsewhere')],
    ['another address, and no scheme', (back: URL) => `${back.host}/?a=b&${back.search.slice(1)}`],
    ['another host, and no scheme', (back: URL) => `//elsewhere/?a=b&${back.search.slice(1)}`],
    ['the scheme of an error page', (back: URL) => back.href.replace(/^http/, 'chrome-error')],
  ])('refuses an address with %s: exit 1, and no request leaves', async (_what, forge) => {
    const command = runToken([provider], settings(provider));
    const back = await allowAll(command);
    type(command, forge(back));

    expect(await command.exit).toBe(1);
    expect(command.output()).toBe('');
    expect(command.errors()).not.toContain(back.searchParams.get('code'));
    expect(tokenRequests()).toBe(0);
  });

  test('exits 1 when the person has denied, and says so', async () => {
    const command = runToken([provider], settings(provider));
    const { visitor, consent } = await openConsent(command);
    type(command, (await deny(visitor, consent)).href);

    expect(await command.exit).toBe(1);
    expect(command.errors()).toMatch(/denied/);
    expect(command.output()).toBe('');
  });

  test('exits 1 for a wrong client secret, and names its variable without its value', async () => {
    const environment = settings(provider);
    const name = `${provider.toUpperCase()}_CLIENT_SECRET`;
    const command = runToken([provider], { ...environment, [name]: 'a-wrong-secret' });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain(name);
    expect(command.errors()).not.toContain('a-wrong-secret');
  });

  test.each([
    'token-server-error',
    'token-503',
    'token-429',
    'token-html',
    'token-truncated',
    'token-wrong-types',
    'token-hanging',
    'token-dripping',
    'token-reset',
    'token-redirect',
  ])('exits 3 upon the outage %s', async (name) => {
    sandbox.world.failures.switchOn({
      name,
      times: undefined,
      client: undefined,
      provider,
      seconds: 3,
    });
    const command = runToken([provider], { ...settings(provider), UPSTREAM_TIMEOUT_MS: '300' });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(3);
    expect(command.output()).toBe('');
    expect(command.errors()).not.toMatch(/^ +at /m);
    expect(tokenRequests()).toBe(1);
  });

  test('exits 3 when nothing answers there', async () => {
    const away = `http://localhost:${await freePort()}`;
    const server = { [`${provider.toUpperCase()}_SERVER`]: away };
    const command = runToken([provider], { ...settings(provider), ...server });
    await said(command, PROMPT);
    type(command, 'any-code');

    expect(await command.exit).toBe(3);
    expect(command.errors()).toContain(`${provider.toUpperCase()}_SERVER`);
  });

  test('prints exactly one JSON object with --json', async () => {
    const command = runToken([provider, '--json'], settings(provider));
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(0);
    const result = JSON.parse(command.output()) as Record<string, unknown>;
    const token = String(result['access_token']);
    expect(result).toEqual({
      provider,
      access_token: expect.stringMatching(/^\S{20,}$/),
      refresh_token: expect.stringMatching(/^\S{20,}$/),
      expires_in: expect.any(Number),
      expires_at: expect.stringMatching(/^[\d-]+T[\d:]+Z$/),
      headers:
        provider === 'rally' ? { zsessionid: token } : { Authorization: `Token token="${token}"` },
    });
    const life = Date.parse(String(result['expires_at'])) - Date.now();
    expect(Math.abs(life / 1000 - Number(result['expires_in']))).toBeLessThan(30);
  });

  test('changes a refresh token from a pipe for new tokens, once', async () => {
    const first = runToken([provider, '--json'], settings(provider));
    type(first, (await allowAll(first)).href);
    await first.exit;
    const { refresh_token } = JSON.parse(first.output()) as { refresh_token: string };

    const second = runToken([provider, '--refresh'], settings(provider));
    second.child.stdin?.end(refresh_token); // without a line end, as printf writes it
    expect(await second.exit).toBe(0);
    expect(second.output()).toMatch(/^\S{20,}\n$/);
    expect(await ask(second, second.output().trim())).toBe(200);

    const third = runToken([provider, '--refresh'], settings(provider));
    type(third, refresh_token);
    expect(await third.exit).toBe(1);
    expect(third.errors()).toContain('did not accept the refresh token');
    expect(second.errors() + third.errors()).not.toContain(refresh_token);
  });

  test('with --listen takes the redirect itself, answers the browser and ends', async () => {
    const command = runToken([provider, '--listen'], await settingsToListen(provider));
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await allow(visitor, consent));

    expect(page.status).toBe(200);
    expect(page.$('h1').text()).toBe('Signed in');
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', connection: 'close' });
    expect(await command.exit).toBe(0);
    expect(await ask(command, command.output().trim())).toBe(200);
    expect(page.text).not.toContain(command.output().trim());
  });

  test('with --listen refuses what is not its redirect, and goes on waiting', async () => {
    const command = runToken([provider, '--listen'], await settingsToListen(provider));
    const { visitor, consent } = await openConsent(command);
    const back = await allow(visitor, consent);
    const forged = new URL(back);
    forged.searchParams.set('state', '"><script>alert(1)</script>');
    const error = new URL(back.pathname, back);
    error.search = 'error=access-denied';

    const refused = await visitor.visit(forged);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain('<script>');
    expect((await visitor.visit(error)).status).toBe(403);
    expect((await visitor.visit(new URL('/favicon.ico', back))).status).toBe(404);
    expect((await visitor.post(back)).status).toBe(404);
    expect((await fetch(back, { method: 'HEAD' })).status).toBe(404);
    expect(command.errors()).toContain('Still waiting.');
    expect(tokenRequests()).toBe(0);
    expect((await visitor.visit(back)).status).toBe(200);
    expect(await command.exit).toBe(0);
  });

  test('with --listen answers a reload as it answers the first request', async () => {
    stub = await startStubProvider();
    const tokenPath = { rally: '/login/oauth2/token', gocd: '/go/oauth/token' }[provider];
    const held = hold(stub, tokenPath, json({ access_token: 'the-token' }));
    const environment = await settingsToListen(provider);
    const server = provider === 'rally' ? stub.url : `${stub.url}/go`;
    const command = runToken([provider, '--listen'], {
      ...environment,
      [`${provider.toUpperCase()}_SERVER`]: server,
    });
    await said(command, WAITING);
    const state = /state=([\w-]+)/.exec(command.errors())?.[1] ?? '';
    const uri = /Waiting at (\S+)/.exec(command.errors())?.[1] ?? '';
    const first = fetch(`${uri}?code=the-code&state=${state}`);
    const answerNow = await held;
    const reload = fetch(`${uri}?code=the-code&state=${state}`);
    await fetch(new URL('/favicon.ico', uri)); // has come after it
    answerNow();

    expect([(await first).status, (await reload).status]).toEqual([200, 200]);
    expect(await command.exit).toBe(0);
    expect(command.errors()).not.toContain('Refused');
    expect(stub.received.filter(({ line }) => line === `POST ${tokenPath}`)).toHaveLength(1);
  });

  test('with --listen ends when the token is refused, and the browser is told', async () => {
    const environment = await settingsToListen(provider);
    const name = `${provider.toUpperCase()}_CLIENT_SECRET`;
    const command = runToken([provider, '--listen'], { ...environment, [name]: 'a-wrong-secret' });
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await allow(visitor, consent));

    expect(page.status).toBe(500);
    expect(page.$('h1').text()).toContain('not set up right');
    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain(name);
  });

  testInTerminal('in a terminal shows the token, and nothing of what was pasted', async () => {
    const command = runTokenInTerminal([provider], settings(provider));
    const back = await allowAll(command);
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^Access token: {2}\S+\r?$/m);
    expect(command.output()).toMatch(/^Refresh token: \S+\r?$/m);
    expect(command.output()).toContain('What you paste is not shown');
    for (const secret of secretsOf(provider, back)) {
      expect(command.output()).not.toContain(secret);
    }
  });

  test('refuses the address of the browser’s own error page: exit 1, and no request leaves', async () => {
    const command = runToken([provider], settings(provider));
    type(command, 'chrome-error://chromewebdata/');

    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('which arrives at');
    expect(tokenRequests()).toBe(0);
  });

  test('exits 1 for a code that is none, and says all that may be behind it', async () => {
    const command = runToken([provider], settings(provider));
    type(command, 'no-code');

    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('used, too old, cut short, or no code at all');
  });

  testInTerminal('in a terminal asks again after a wrong paste, and goes on', async () => {
    const command = runTokenInTerminal([provider], settings(provider));
    const back = await allowAll(command);
    const wrong = ['chrome-error://chromewebdata/', 'not a code', `${back.origin}/?code=x`];
    for (const [tried, text] of wrong.entries()) {
      type(command, text);
      await said(command, prompted(tried + 2));
    }
    expect(tokenRequests()).toBe(0);
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^Access token: {2}\S+\r?$/m);
  });

  testInTerminal('in a terminal goes on waiting after Ctrl-Z and fg', async () => {
    const stopAndGoOn = (command: string) => `set -m; ${command}; fg`;
    const command = runTokenInTerminal([provider], settings(provider), stopAndGoOn);
    const back = await allowAll(command);
    command.child.stdin?.write('\x1a');
    await said(command, prompted(2));
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^Access token: {2}\S+\r?$/m);
  });

  testInTerminal('in a terminal gives up after four wrong pastes', async () => {
    const command = runTokenInTerminal([provider], settings(provider));
    for (let asked = 1; asked <= 4; asked++) {
      await said(command, prompted(asked));
      type(command, 'not a code');
    }

    expect(await command.exit).toBe(2);
  });

  testInTerminal('in a terminal ends when what was pasted has spent the sign-in', async () => {
    const command = runTokenInTerminal([provider], settings(provider));
    const back = await allowAll(command);
    back.searchParams.delete('code');
    type(command, back.href);

    expect(await command.exit).toBe(1);
  });

  testInTerminal(
    'in a terminal hides a refresh token, too, and ends with 130 upon Ctrl-C',
    async () => {
      const command = runTokenInTerminal([provider, '--refresh'], settings(provider));
      await said(command, /Paste the refresh token.*:/);
      command.child.stdin?.write('half-a-refresh-token\x03');

      expect(await command.exit).toBe(130);
      expect(command.output()).not.toContain('half-a-refresh-token');
    },
  );

  testInTerminal.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('in a terminal gives it back as it was upon %s', async (signal, exitCode) => {
    const thenLook = (command: string) =>
      `sh -c 'echo "pid $$"; exec ${command}'; echo "ended with $?"; stty -a`;
    const command = runTokenInTerminal([provider], settings(provider), thenLook);
    await said(command, PROMPT);
    process.kill(Number(/pid (\d+)/.exec(command.output())?.[1]), signal);
    await command.exit;

    expect(command.output()).toContain(`ended with ${exitCode}`);
    expect(command.output()).toMatch(/ icanon .* echo /s);
  });
});

describe('a denial at Rally, which returns the state', () => {
  test('ends --listen with 1', async () => {
    const command = runToken(['rally', '--listen'], await settingsToListen('rally'));
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await deny(visitor, consent));

    expect(page.status).toBe(403);
    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('Access was denied');
  });
});

describe('a denial at GoCD, which returns no state', () => {
  test('does not end --listen, as any page could send it, but is told', async () => {
    const command = runToken(['gocd', '--listen'], await settingsToListen('gocd'));
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await deny(visitor, consent));

    expect(page.status).toBe(403);
    await said(command, /access was denied.*Still waiting/);
    command.child.kill('SIGINT');
    expect(await command.exit).toBe(130);
  });
});

describe('the command line', () => {
  test.each([
    ['no provider', []],
    ['both providers', ['rally', 'gocd']],
    ['an unknown provider', ['github']],
    ['an unknown word', ['rally', 'github']],
    ['an unknown option', ['rally', '--jsno']],
    ['two options that exclude each other', ['rally', '--listen', '--refresh']],
  ])('exits 2 with one line for %s', async (_what, given) => {
    const command = runToken(given, settings('rally'));

    expect(await command.exit).toBe(2);
    expect(command.errors().trim().split('\n')).toHaveLength(1);
    expect(command.output()).toBe('');
  });

  test('names the providers that there are to who names another', async () => {
    const command = runToken(['github'], settings('rally'));

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('Name one provider: rally or gocd');
  });

  test.each([
    ['a long code', ['rally', 'Ovp8AQ4pTTy8oNX0b3tJ23aQ']],
    ['a redirected address', ['rally', 'http://localhost:4567/oauth-redirect?code=abcd1234']],
    ['a refresh token, however short', ['rally', '--refresh', 'abcd1234']],
    ['a refresh token behind =', ['rally', '--refresh=abcd1234']],
    ['a secret by name', ['rally', '--client_secret=abcd1234']],
  ])(
    'refuses %s as an argument, gives the reason, and does not repeat it',
    async (_what, given) => {
      const command = runToken(given, settings('rally'));

      expect(await command.exit).toBe(2);
      expect(command.errors()).toContain('everybody on this machine can see the arguments');
      expect(command.errors()).not.toMatch(/abcd1234|Ovp8AQ4p/);
    },
  );

  test('prints its exit codes to standard output with --help', async () => {
    const command = runToken(['--help']);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/Exit codes\n +0 .+\n +1 .+\n +2 .+\n +3 .+/);
    expect(command.errors()).toBe('');
  });
});

describe('the settings', () => {
  test.each([
    ['rally', /RALLY_CLIENT_ID, RALLY_CLIENT_SECRET are missing.*npm run sandbox/],
    ['gocd', /GOCD_SERVER, GOCD_CLIENT_ID, GOCD_CLIENT_SECRET are missing.*npm run sandbox/],
  ])('exits 2 when %s is not configured, and names what is missing', async (provider, words) => {
    const command = runToken([provider]);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toMatch(words);
    expect(command.errors().trim().split('\n')).toHaveLength(1);
  });

  test('exits 2 at a GoCD without OAuth, and names what a sign-in would need', async () => {
    const command = runToken(['gocd'], { GOCD_SERVER: 'https://go.example/go' });

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('not configured: GOCD_CLIENT_ID, GOCD_CLIENT_SECRET are');
  });

  test('exits 2 when one is missing, and names that one', async () => {
    const command = runToken(['rally'], { RALLY_CLIENT_ID: 'the-client' });

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('RALLY_CLIENT_SECRET is missing');
  });

  test('takes the names of the older samples, and needs nothing that the web app alone needs', async () => {
    const { SERVER_URL = '', RALLY_SERVER = '' } = settings('rally');
    const { id, secret } = clientOf(sandbox, 'rally');
    const command = runToken(['rally'], {
      NODE_ENV: 'production',
      SERVER_URL,
      RALLY_SERVER,
      CLIENT_ID: id,
      CLIENT_SECRET: secret,
      GOCD_CLIENT_ID: 'half configured',
    });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(0);
  });

  test('exits 2 when --listen cannot listen: the redirect URI is not on this machine', async () => {
    const environment = { ...settings('rally'), SERVER_URL: 'https://app.example' };
    const command = runToken(['rally', '--listen'], environment);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('https://app.example/oauth-redirect is elsewhere');
  });

  test('exits 2 when --listen cannot listen: the port is taken', async () => {
    const blocker = createServer();
    const port = await listen(blocker);
    const environment = { ...settings('rally'), SERVER_URL: `http://localhost:${port}` };
    const command = runToken(['rally', '--listen'], environment);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain(`Port ${port} is in use`);
    await stop(blocker);
  });
});

describe('the streams', () => {
  test('exit 2 when the input ends without a line', async () => {
    const command = runToken(['rally'], settings('rally'));
    command.child.stdin?.end('\n  \n');

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('The input ended before anything was pasted');
  });

  test('exit 2 when what was pasted can be neither an address nor a code', async () => {
    const command = runToken(['rally'], settings('rally'));
    type(command, 'not a code');

    expect(await command.exit).toBe(2);
    expect(command.errors()).not.toContain('not a code');
    expect(tokenRequests()).toBe(0);
  });

  test('exit 2 without a stack when nobody reads the token', async () => {
    const command = runToken(['rally'], settings('rally'));
    const back = await allowAll(command);
    command.child.stdout?.destroy();
    type(command, back.href);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('the token is lost');
    expect(command.errors()).not.toMatch(/^ +at /m);
  });

  test('exit 70 when nothing can come from them any more', async () => {
    const NODE_OPTIONS = '--import=data:text/javascript,process.stdin.unref()';
    const command = runToken(['rally'], { ...settings('rally'), NODE_OPTIONS });

    expect(await command.exit).toBe(70);
    expect(command.output()).toBe('');
  });

  test('exit 130 upon SIGINT', async () => {
    const command = runToken(['rally'], settings('rally'));
    await said(command, PROMPT);
    command.child.kill('SIGINT');

    expect(await command.exit).toBe(130);
  });
});

describe('a code with characters that an address cannot have', () => {
  test.each([
    ['the code alone', () => 'a%2Fb%3D%2541%'],
    [
      'the whole address',
      (uri: string, state: string) => `${uri}?code=a%2Fb%3D%2541%&state=${state}`,
    ],
  ])('is sent as it was before the address: %s', async (_what, paste) => {
    stub = await startStubProvider();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token' }));
    const command = runToken(['rally'], {
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret',
    });
    await said(command, PROMPT);
    const state = /state=([\w-]+)/.exec(command.errors())?.[1] ?? '';
    type(command, paste('http://localhost:4567/oauth-redirect', state));

    expect(await command.exit).toBe(0);
    const form = new URLSearchParams(stub.received.at(-1)?.body);
    expect(form.get('code')).toBe('a/b=%41%');
  });
});

describe('a provider’s own words', () => {
  test.each([[['rally']], [['rally', '--listen']]])(
    'are quoted without secrets and without control of the terminal: %j',
    async (given) => {
      const secret = 'pwd1'; // so short that nothing but its name gives it away
      stub = await startStubProvider();
      const echo = `\x1b[2J\x07you sent ${secret} and the-code and ‮txt`;
      stub.answers.set(
        '/login/oauth2/token',
        json({ error: 'odd\x1b]0;', error_description: echo }),
      );
      const port = await freePort();
      const command = runToken(given, {
        PORT: String(port),
        RALLY_SERVER: stub.url,
        RALLY_CLIENT_ID: 'the-client',
        RALLY_CLIENT_SECRET: secret,
      });
      await said(command, new RegExp(`${PROMPT.source}|${WAITING.source}`));
      const state = /state=([\w-]+)/.exec(command.errors())?.[1] ?? '';
      const back = `http://localhost:${port}/oauth-redirect?code=the-code&state=${state}`;
      if (given.includes('--listen')) await fetch(back);
      else type(command, back);

      expect(await command.exit).toBe(1);
      expect(command.errors()).toContain('What Rally says: ');
      expect(command.errors()).toContain('you sent …');
      // eslint-disable-next-line no-control-regex -- they are what must not be there
      expect(command.errors()).not.toMatch(/pwd1|the-code|[\x00-\x09\x0b-\x1f\u202e]/);
    },
  );
});

describeWithChromium('the page of --listen, in Chromium', () => {
  test('takes the colours of the system and its own style, against no policy', async () => {
    const command = runToken(['rally', '--listen'], await settingsToListen('rally'));
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

describe('waitForRedirect', () => {
  test('gives up when the state is too old to be accepted, after ten minutes', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const uri = new URL(`http://localhost:${await freePort()}/oauth-redirect`);
    let onReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const onRedirect = () => Promise.resolve();
    const onRefusal = () => ({ status: 403, title: '', happened: '' });
    const waiting = waitForRedirect(uri, { onReady, onRedirect, onRefusal });
    const refused = expect(waiting).rejects.toThrow(NobodyCameError);
    await ready;
    jest.advanceTimersByTime(10 * 60 * 1000);

    await refused;
    await expect(fetch(uri)).rejects.toThrow();
  });
});
