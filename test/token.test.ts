// `npm run token`: what it promises to scripts (streams, exit codes) and to people (no secret on the
// screen), seen from outside. Each process costs half a second: words and refusals that need none are
// tested on the functions behind it, and test/slow/token.test.ts has more of the processes.
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { loadProviderConfig } from '../src/config.js';
import { createGoCD } from '../src/providers/gocd.js';
import type { Provider } from '../src/providers/provider.js';
import { createRally } from '../src/providers/rally.js';
import type { Sandbox } from '../src/sandbox/sandbox.js';
import { readArguments } from '../src/token/arguments.js';
import { explain, linesOf } from '../src/token/failure.js';
import { NobodyCameError, waitForRedirect } from '../src/token/listen.js';
import { beginSignIn, readPasted, type SignIn } from '../src/token/sign-in.js';
import { allow, deny } from './support/dance.js';
import { freePort } from './support/process.js';
import { clientOf, closeSandboxes, startSandboxAlone } from './support/sandbox.js';
import { listen, stop } from './support/start.js';
import { json, startStubProvider } from './support/stub-provider.js';
import { hasTerminal } from './support/terminal.js';
import { thrownBy } from './support/thrown.js';
import { endCommands, runToken, runTokenInTerminal, said } from './support/token-command.js';
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
} from './support/token-sign-in.js';

const testInTerminal = hasTerminal() ? test : test.skip;

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
});

afterEach(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  await endCommands();
  await closeSandboxes();
});

/** One of each kind, with the time limit in milliseconds; test/slow/token.test.ts has the others. */
const OUTAGES: Record<'rally' | 'gocd', [failure: string, timeLimit: number][]> = {
  rally: [
    ['token-503', 15_000],
    ['token-hanging', 300],
  ],
  gocd: [
    ['token-wrong-types', 15_000],
    ['token-reset', 15_000],
  ],
};

describe.each(['rally', 'gocd'] as const)('npm run token -- %s', (provider) => {
  test('changes a pasted address for a token, which alone goes to standard output', async () => {
    const command = runToken([provider], settings(sandbox, provider));
    const back = await allowAll(command);
    type(command, back.href);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^\S+\n$/);
    const token = command.output().trim();
    expect(await ask(command, token)).toBe(200);
    expect(command.errors()).toMatch(/^The token ends at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$/m);
    const code = back.searchParams.get('code') ?? 'no code';
    for (const secret of [token, clientOf(sandbox, provider).secret, code]) {
      expect(command.errors()).not.toContain(secret);
    }
  });

  test('prints exactly one JSON object with --json, and changes its refresh token from a pipe, once', async () => {
    const first = runToken([provider, '--json'], settings(sandbox, provider));
    type(first, (await allowAll(first)).href);

    expect(await first.exit).toBe(0);
    const result = JSON.parse(first.output()) as Record<string, unknown>;
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

    const refreshToken = String(result['refresh_token']);
    const second = runToken([provider, '--refresh'], settings(sandbox, provider));
    second.child.stdin?.end(refreshToken); // without a line end, as printf writes it
    expect(await second.exit).toBe(0);
    expect(second.output()).toMatch(/^\S{20,}\n$/);
    expect(await ask(second, second.output().trim())).toBe(200);

    const third = runToken([provider, '--refresh'], settings(sandbox, provider));
    type(third, refreshToken);
    expect(await third.exit).toBe(1);
    expect(third.errors()).toContain('did not accept the refresh token');
    expect(second.errors() + third.errors()).not.toContain(refreshToken);
  });

  test('with --listen refuses what is not its redirect, goes on waiting, and takes the one that is', async () => {
    const command = runToken([provider, '--listen'], await settingsToListen(sandbox, provider));
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
    expect(tokenRequestsAt(sandbox)).toBe(0);

    const page = await visitor.visit(back);
    expect(page.status).toBe(200);
    expect(page.$('h1').text()).toBe('Signed in');
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', connection: 'close' });
    expect(await command.exit).toBe(0);
    expect(await ask(command, command.output().trim())).toBe(200);
    expect(page.text).not.toContain(command.output().trim());
  });

  test.each(OUTAGES[provider])('exits 3 upon the outage %s', async (name, timeLimit) => {
    const all = { times: undefined, client: undefined, provider: undefined };
    sandbox.world.failures.switchOn({ ...all, name, seconds: 3 });
    const command = runToken([provider], {
      ...settings(sandbox, provider),
      UPSTREAM_TIMEOUT_MS: String(timeLimit),
    });
    type(command, (await allowAll(command)).href);

    expect(await command.exit).toBe(3);
    expect(command.output()).toBe('');
    expect(command.errors()).not.toMatch(/^ +at /m);
    expect(tokenRequestsAt(sandbox)).toBe(1);
  });
});

describe('npm run token in a terminal', () => {
  testInTerminal(
    'asks again after a wrong paste, then shows the token, and nothing of what was pasted',
    async () => {
      const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'));
      const back = await allowAll(command);
      const wrong = ['chrome-error://chromewebdata/', 'not a code', `${back.origin}/?code=x`];
      for (const [tried, text] of wrong.entries()) {
        type(command, text);
        await said(command, prompted(tried + 2));
      }
      expect(tokenRequestsAt(sandbox)).toBe(0);
      type(command, back.href);

      expect(await command.exit).toBe(0);
      expect(command.output()).toMatch(/^Access token: {2}\S+\r?$/m);
      expect(command.output()).toMatch(/^Refresh token: \S+\r?$/m);
      expect(command.output()).toContain('What you paste is not shown');
      const code = back.searchParams.get('code') ?? 'no code';
      for (const secret of [...wrong, clientOf(sandbox, 'rally').secret, code]) {
        expect(command.output()).not.toContain(secret);
      }
    },
  );

  testInTerminal('hides a refresh token, too, and ends with 130 upon Ctrl-C', async () => {
    const command = runTokenInTerminal(['rally', '--refresh'], settings(sandbox, 'rally'));
    await said(command, /Paste the refresh token.*:/);
    command.child.stdin?.write('half-a-refresh-token\x03');

    expect(await command.exit).toBe(130);
    expect(command.output()).not.toContain('half-a-refresh-token');
  });

  testInTerminal('gives it back as it was upon SIGTERM', async () => {
    const thenLook = (command: string) =>
      `sh -c 'echo "pid $$"; exec ${command}'; echo "ended with $?"; stty -a`;
    const command = runTokenInTerminal(['rally'], settings(sandbox, 'rally'), thenLook);
    await said(command, PROMPT);
    process.kill(Number(/pid (\d+)/.exec(command.output())?.[1]), 'SIGTERM');
    await command.exit;

    expect(command.output()).toContain('ended with 143');
    expect(command.output()).toMatch(/ icanon .* echo /s);
  });
});

describe('a denial at GoCD, which returns no state', () => {
  test('does not end --listen, as any page could send it, but is told', async () => {
    const command = runToken(['gocd', '--listen'], await settingsToListen(sandbox, 'gocd'));
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await deny(visitor, consent));

    expect(page.status).toBe(403);
    await said(command, /access was denied.*Still waiting/);
    command.child.kill('SIGINT');
    expect(await command.exit).toBe(130);
  });
});

describe('a wrong client secret', () => {
  test('ends --listen with 1, names its variable without its value, and the browser is told', async () => {
    const environment = await settingsToListen(sandbox, 'rally');
    const command = runToken(['rally', '--listen'], {
      ...environment,
      RALLY_CLIENT_SECRET: 'a-wrong-secret',
    });
    const { visitor, consent } = await openConsent(command);
    const page = await visitor.visit(await allow(visitor, consent));

    expect(page.status).toBe(500);
    expect(page.$('h1').text()).toContain('not set up right');
    expect(await command.exit).toBe(1);
    expect(command.errors()).toContain('RALLY_CLIENT_SECRET');
    expect(command.errors()).not.toContain('a-wrong-secret');
  });
});

describe('the command line', () => {
  test('exits 2 for a secret as an argument, gives the reason, and does not repeat it', async () => {
    const command = runToken(['rally', 'Ovp8AQ4pTTy8oNX0b3tJ23aQ'], settings(sandbox, 'rally'));

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('everybody on this machine can see the arguments');
    expect(command.errors()).not.toContain('Ovp8AQ4p');
    expect(command.errors().trim().split('\n')).toHaveLength(1);
    expect(command.output()).toBe('');
  });

  test.each([
    ['no provider', []],
    ['both providers', ['rally', 'gocd']],
    ['an unknown provider', ['github']],
    ['an unknown word', ['rally', 'github']],
    ['an unknown option', ['rally', '--jsno']],
    ['two options that exclude each other', ['rally', '--listen', '--refresh']],
  ])('refuses %s, and names the problem in one line', (_what, given) => {
    const failure = explain(thrownBy(() => readArguments(given)));

    expect(failure.exitCode).toBe(2);
    expect(linesOf(failure)).toEqual([expect.stringMatching(/^[^\n]+$/)]);
  });

  test('names the providers that there are to who names another', () => {
    expect(() => readArguments(['github'])).toThrow('Name one provider: rally or gocd');
  });

  test.each([
    ['a redirected address', ['rally', 'http://localhost:4567/oauth-redirect?code=abcd1234']],
    ['a refresh token, however short', ['rally', '--refresh', 'abcd1234']],
    ['a refresh token behind =', ['rally', '--refresh=abcd1234']],
    ['a secret by name', ['rally', '--client_secret=abcd1234']],
  ])('refuses %s as an argument, gives the reason, and does not repeat it', (_what, given) => {
    const { exitCode, happened } = explain(thrownBy(() => readArguments(given)));

    expect(exitCode).toBe(2);
    expect(happened).toContain('everybody on this machine can see the arguments');
    expect(happened).not.toContain('abcd1234');
  });

  test('prints its exit codes to standard output with --help', async () => {
    const command = runToken(['--help']);

    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/Exit codes\n +0 .+\n +1 .+\n +2 .+\n +3 .+/);
    expect(command.errors()).toBe('');
  });
});

describe('the settings', () => {
  test('are named when they are missing: exit 2, one line', async () => {
    const command = runToken(['gocd']);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toMatch(
      /GOCD_SERVER, GOCD_CLIENT_ID, GOCD_CLIENT_SECRET are missing.*npm run sandbox/,
    );
    expect(command.errors().trim().split('\n')).toHaveLength(1);
  });

  test('are taken by the names of the older samples, and nothing is needed that the web app alone needs', async () => {
    const { SERVER_URL = '', RALLY_SERVER = '' } = settings(sandbox, 'rally');
    const { id, secret } = clientOf(sandbox, 'rally');
    const command = runToken(['rally'], {
      NODE_ENV: 'production',
      SERVER_URL,
      RALLY_SERVER,
      CLIENT_ID: id,
      CLIENT_SECRET: secret,
      GOCD_CLIENT_ID: 'half configured',
    });

    expect(await said(command, /http:\S+response_type=\S+/)).toContain(`client_id=${id}`);
  });
});

describe('the streams', () => {
  test('exit 2 without a stack when nobody reads the token', async () => {
    const command = runToken(['rally'], settings(sandbox, 'rally'));
    const back = await allowAll(command);
    command.child.stdout?.destroy();
    type(command, back.href);

    expect(await command.exit).toBe(2);
    expect(command.errors()).toContain('the token is lost');
    expect(command.errors()).not.toMatch(/^ +at /m);
  });
});

describe('a provider’s own words', () => {
  test('are quoted without secrets and without control of the terminal', async () => {
    const secret = 'pwd1'; // so short that nothing but its name gives it away
    const stub = await startStubProvider();
    const echo = `\x1b[2J\x07you sent ${secret} and the-code and \u202etxt`;
    stub.answers.set('/login/oauth2/token', json({ error: 'odd\x1b]0;', error_description: echo }));
    const command = runToken(['rally'], {
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: secret,
    });
    await said(command, PROMPT);
    const state = /state=([\w-]+)/.exec(command.errors())?.[1] ?? '';
    type(command, `http://localhost:4567/oauth-redirect?code=the-code&state=${state}`);
    const exitCode = await command.exit;
    await stub.close();

    expect(exitCode).toBe(1);
    expect(command.errors()).toContain('What Rally says: ');
    expect(command.errors()).toContain('you sent …');
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(command.errors()).not.toMatch(/pwd1|the-code|[\x00-\x09\x0b-\x1f\u202e]/);
  });
});

describe.each(['rally', 'gocd'] as const)('what was pasted for %s', (id) => {
  const provider = providerFor(id);
  const serverUrl = 'http://localhost:9';
  let written: jest.Spied<typeof process.stderr.write>;
  let signIn: SignIn;
  let state: string;
  let back: URL;

  beforeEach(() => {
    written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    signIn = beginSignIn(provider);
    state = new URL(signIn.url).searchParams.get('state') ?? 'none';
    back = new URL(provider.redirectUri);
    back.search = new URLSearchParams({ code: 'the-code', state }).toString();
  });

  const refusalOf = (text: string) =>
    explain(
      thrownBy(() => readPasted(provider, signIn, text)),
      { provider, serverUrl, isRefresh: false },
    );

  test.each([
    ['the whole address', () => back.href],
    ['its query', () => back.search],
    [
      'the address without its scheme, as browsers show it',
      () => back.href.slice('http://'.length),
    ],
  ])('is read from %s', (_what, paste) => {
    expect(readPasted(provider, signIn, paste()).code).toBe('the-code');
    expect(written).not.toHaveBeenCalled();
  });

  test('may be the code alone, and it says that its state could not be checked', () => {
    expect(readPasted(provider, signIn, 'the-code').code).toBe('the-code');
    expect(written).toHaveBeenCalledWith(expect.stringContaining('could not be checked'));
  });

  test.each([
    ['another state', () => back.href.replace(/state=[^&]+/, 'state=another')],
    ['another state, in the query alone', () => back.search.replace(state, 'another')],
    ['no state', () => back.href.replace(/state=[^&]+/, '')],
    ['the state twice', () => `${back.href}&state=${state}`],
    ['another issuer', () => `${back.href}&iss=https://elsewhere.example`],
    ['two codes', () => `${back.href}&code=another`],
    ['another address', () => back.href.replace('/oauth-redirect', '/elsewhere')],
    ['another address, and no scheme', () => `${back.host}/?a=b&${back.search.slice(1)}`],
    ['another host, and no scheme', () => `//elsewhere/?a=b&${back.search.slice(1)}`],
    ['the scheme of an error page', () => back.href.replace(/^http/, 'chrome-error')],
  ])('is refused as an address with %s: exit 1, before any request', (_what, forge) => {
    const failure = refusalOf(forge());

    expect(failure.exitCode).toBe(1);
    expect(linesOf(failure).join('\n')).not.toContain('the-code');
  });

  test('is refused as the address of the browser’s own error page, and the right one is named', () => {
    const { exitCode, happened } = refusalOf('chrome-error://chromewebdata/');

    expect(exitCode).toBe(1);
    expect(happened).toContain(`which arrives at ${provider.redirectUri}`);
  });

  test('is refused as neither an address nor a code: exit 2, and it is not repeated', () => {
    const failure = refusalOf('not a code');

    expect(failure.exitCode).toBe(2);
    expect(linesOf(failure).join('\n')).not.toContain('not a code');
  });

  test.each([
    ['the code alone', () => 'a%2Fb%3D%2541%'],
    ['the whole address', () => back.href.replace('the-code', 'a%2Fb%3D%2541%')],
  ])(
    'is sent as it was before the address, with characters that no address has: %s',
    (_what, paste) => {
      expect(readPasted(provider, signIn, paste()).code).toBe('a/b=%41%');
    },
  );

  test('does not use up the sign-in when its state is another', () => {
    refusalOf(back.href.replace(state, 'another'));

    expect(readPasted(provider, signIn, back.href).code).toBe('the-code');
  });

  test('works once, as the web app’s redirect does', () => {
    readPasted(provider, signIn, back.href);

    expect(signIn.isUnderWay()).toBe(false);
    expect(() => readPasted(provider, signIn, 'the-code')).toThrow();
  });
});

describe('waitForRedirect', () => {
  const onReady = () => undefined;
  const onRedirect = () => Promise.resolve('the token');
  const onRefusal = () => ({ status: 403, title: '', happened: '' });
  const uriAt = (port: number) => new URL(`http://localhost:${port}/oauth-redirect`);

  /** Waits until it listens. */
  async function startWaiting(handle: () => Promise<string>) {
    const uri = uriAt(await freePort());
    let isReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (isReady = resolve));
    const result = waitForRedirect(uri, { onReady: isReady, onRedirect: handle, onRefusal });
    return { uri, ready, result };
  }

  test('answers a reload as it answers the first request', async () => {
    let answerNow: (token: string) => void = () => undefined;
    let hasArrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (hasArrived = resolve));
    const handle = jest.fn(() => {
      hasArrived();
      return new Promise<string>((resolve) => (answerNow = resolve));
    });
    const { uri, ready, result } = await startWaiting(handle);
    await ready;
    const first = fetch(`${uri.href}?code=c`);
    await arrival;
    const reload = fetch(`${uri.href}?code=c`);
    await fetch(new URL('/favicon.ico', uri)); // arrives after it
    answerNow('the token');

    expect([(await first).status, (await reload).status]).toEqual([200, 200]);
    expect(await result).toBe('the token');
    expect(handle).toHaveBeenCalledTimes(1);
  });

  test('gives up when the state is too old to be accepted, after ten minutes', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const { uri, ready, result } = await startWaiting(onRedirect);
    const refused = expect(result).rejects.toThrow(NobodyCameError);
    await ready;
    jest.advanceTimersByTime(10 * 60 * 1000);

    await refused;
    await expect(fetch(uri)).rejects.toThrow();
  });

  test('cannot listen where the redirect URI is not on this machine', async () => {
    const uri = new URL('https://app.example/oauth-redirect');

    await expect(waitForRedirect(uri, { onReady, onRedirect, onRefusal })).rejects.toThrow(
      'https://app.example/oauth-redirect is elsewhere',
    );
  });

  test('cannot listen where the port is taken', async () => {
    const blocker = createServer();
    const port = await listen(blocker);

    await expect(waitForRedirect(uriAt(port), { onReady, onRedirect, onRefusal })).rejects.toThrow(
      `Port ${port} is in use`,
    );
    await stop(blocker);
  });
});

function providerFor(id: 'rally' | 'gocd'): Provider {
  const environment = {
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: 'the-client-secret',
    GOCD_SERVER: 'https://go.example/go',
    GOCD_CLIENT_ID: 'the-client',
    GOCD_CLIENT_SECRET: 'the-client-secret',
  };
  const config = loadProviderConfig(environment, id);
  const create = { rally: createRally, gocd: createGoCD }[id];
  const provider = create(config);
  if (!provider) throw new Error(`${id} is not configured`);
  return provider;
}
