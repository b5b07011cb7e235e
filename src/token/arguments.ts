import { maskText } from '../mask.js';
import { GOCD } from '../providers/gocd.js';
import type { ProviderId } from '../providers/provider.js';
import { RALLY } from '../providers/rally.js';

/** What was asked on the command line. */
export interface Arguments {
  readonly provider: ProviderId;
  readonly isListening: boolean;
  readonly isRefresh: boolean;
  readonly isJson: boolean;
}

/** The command was called in a way that it does not understand, or cannot follow. */
export class UsageError extends Error {}

export const HELP = `A token by hand, from Rally or from GoCD, with the settings of the web app (.env or the environment).

  npm run -s token -- rally              print the address to open, then take the address that the
                                         browser was sent back to, or the code in it alone
  npm run -s token -- gocd --listen      wait at the redirect URI instead; nothing to paste
  npm run -s token -- rally --refresh    change a refresh token, read from standard input

  --json    print one JSON object: provider, access_token, headers to send it in; where the provider
            gives them, refresh_token, expires_in (seconds) and expires_at
  --help    print this

The token goes to standard output, everything else to standard error:

  TOKEN=$(npm run -s token -- rally)

What you paste is not shown. Codes and refresh tokens are read from standard input alone, a terminal
or a pipe: everybody on this machine can see the arguments of a command.

Exit codes
  0    a token
  1    refused: by you, by the provider, or because the answer is not one to this sign-in
  2    wrong arguments or settings, or nothing to read
  3    the provider is away, or answers what no OAuth server does
  70   a fault of this command
  130  ended with Ctrl-C; by another signal, 128 and its number
`;

const OPTIONS = ['--listen', '--refresh', '--json', '--help', '-h'];

/**
 * Reads the command line. What it does not know it never repeats: that may be a secret.
 *
 * @param given the arguments, without node and the script
 * @returns undefined where help is asked for
 * @throws {UsageError} in all cases in which it is not clear what to do
 */
export function readArguments(given: readonly string[]): Arguments | undefined {
  const providers = [RALLY.id, GOCD.id].filter((id) => given.includes(id));
  const unknown = given.filter(
    (argument) => ![...providers, ...OPTIONS].some((known) => known === argument),
  );
  const isRefresh = given.includes('--refresh');
  if (unknown.some((argument) => isSecret(argument, isRefresh))) {
    throw new UsageError(
      'An argument looks like a secret, and was not used: everybody on this machine can see the ' +
        'arguments of a command, and your shell may have written it to its history. Leave it out; ' +
        'it is asked for, or read from a pipe. Best revoke the one that you have shown.',
    );
  }
  if (given.includes('--help') || given.includes('-h')) return undefined;
  const [provider, another] = providers;
  if (unknown.some((argument) => provider !== undefined || argument.startsWith('-'))) {
    throw new UsageError('There is an argument that this command does not know. See --help.');
  }
  if (!provider || another) {
    throw new UsageError('Name one provider: rally or gocd, as in npm run token -- rally.');
  }
  const isListening = given.includes('--listen');
  if (isListening && isRefresh) {
    throw new UsageError(
      '--listen waits for a sign-in, and --refresh does without: leave one out.',
    );
  }
  return { provider, isListening, isRefresh, isJson: given.includes('--json') };
}

/** Whatever comes with --refresh and is no option can only be the refresh token, however short. */
function isSecret(argument: string, isRefresh: boolean): boolean {
  return maskText(argument) !== argument || isRefresh || argument.startsWith('--refresh=');
}
