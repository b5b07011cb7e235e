import { spawnSync } from 'node:child_process';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { allow } from './dance.js';
import { freePort } from './process.js';
import { addClient, askFor, clientOf, type SandboxClient } from './sandbox.js';
import { said, type TokenCommand } from './token-command.js';
import { Visitor } from './visitor.js';

// A sign-in through `npm run token` at the sandbox, with a visitor for the person's browser.

export type ProviderId = 'rally' | 'gocd';

/** Where the command waits for a paste, or listens. */
export const PROMPT = /Paste that address.*:/;
export const WAITING = /Waiting at .*/;

/** The settings that `npm run sandbox` prints. */
export function settings(
  sandbox: Sandbox,
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
export async function settingsToListen(
  sandbox: Sandbox,
  provider: ProviderId,
): Promise<Record<string, string>> {
  const path = provider === 'rally' ? '/oauth-redirect' : '/oauth-redirect/gocd';
  const redirectUri = `http://localhost:${await freePort()}${path}`;
  return settings(sandbox, provider, addClient(sandbox, provider, redirectUri));
}

/** Opens the printed address and signs in; ends before the decision. */
export async function openConsent(command: TokenCommand, visitor = new Visitor()) {
  await said(command, new RegExp(`${PROMPT.source}|${WAITING.source}`));
  const url = new URL(await said(command, /http:\S+response_type=\S+/));
  const consent = await askFor(
    visitor,
    url,
    url.pathname.startsWith('/login') ? 'ada@example.test' : 'ada',
  );
  return { visitor, consent };
}

/** Where the browser is sent once the person has allowed. */
export async function allowAll(command: TokenCommand): Promise<URL> {
  const { visitor, consent } = await openConsent(command);
  return allow(visitor, consent);
}

/** Types or pipes a line. */
export function type(command: TokenCommand, text: string): void {
  command.child.stdin?.write(`${text}\n`);
}

/** That it has asked for a paste so many times. */
export function prompted(times: number): RegExp {
  return new RegExp(`(?:Paste that address[^]*?:[^]*?){${times}}`);
}

/** How many token requests the sandbox has received. */
export function tokenRequestsAt({ world }: Sandbox): number {
  return world.received.all.filter(({ path }) => /\/oauth2?\/token$/.test(path)).length;
}

/** Sends the printed request for data, as the printed curl command does. */
export async function ask(command: TokenCommand, token: string): Promise<number> {
  const [, header = '', url = ''] = runPrintedCurl(command, token);
  const [name = '', value = ''] = header.split(/: (.*)/);
  return (await fetch(url, { headers: { [name]: value } })).status;
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
