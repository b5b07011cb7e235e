// One place turns an error into words for a terminal, and into an exit code by which a script can
// tell a refusal, which stays, from an outage, which passes.
import { ConfigError } from '../config.js';
import { UpstreamError } from '../http/upstream-error.js';
import { maskText } from '../mask.js';
import type { Quotation } from '../middleware/error-page-parts.js';
import { canonical } from '../middleware/oauth-error-words.js';
import { providerPage } from '../middleware/provider-error-page.js';
import {
  AuthorizationResponseError,
  StateMismatchError,
  TokenResponseError,
  UnusableTokenResponseError,
} from '../oauth/errors.js';
import type { Provider } from '../providers/provider.js';
import { UsageError } from './arguments.js';
import { NobodyCameError } from './listen.js';

export const EXIT = {
  token: 0,
  refused: 1,
  usage: 2,
  away: 3,
  fault: 70,
} as const;

/** An error in words. The title, the status and what happened are for a browser, too. */
export interface Failure {
  readonly exitCode: number;
  readonly status: number;
  readonly title: string;
  readonly happened: string;
  readonly next?: string;
  readonly quotation?: Quotation;
}

/** What was tried. */
export interface Attempt {
  readonly provider: Provider;
  readonly serverUrl: string;
  readonly isRefresh: boolean;
}

/**
 * Finds the words for an error.
 *
 * @param attempt undefined while it is not known which provider to ask
 */
export function explain(error: unknown, attempt?: Attempt): Failure {
  if (error instanceof UsageError) {
    return usage('This cannot be done', error.message);
  }
  if (error instanceof ConfigError) {
    return usage('The settings have these problems', error.problems.join('; '));
  }
  return (attempt && explainAttempt(error, attempt)) ?? fault(error);
}

/** The lines for the terminal. */
export function linesOf({ title, happened, next, quotation }: Failure): string[] {
  return [
    `${title}: ${happened}`,
    ...(quotation ? [`${quotation.caption}: ${quotation.words}`.replace(/\s+/g, ' ')] : []),
    ...(next === undefined ? [] : [next]),
  ];
}

function explainAttempt(error: unknown, attempt: Attempt): Failure | undefined {
  const { provider, serverUrl, isRefresh } = attempt;
  const again = `Begin again: npm run token -- ${provider.id}`;
  if (error instanceof NobodyCameError) {
    return {
      exitCode: EXIT.refused,
      status: 403,
      title: 'Nobody came back',
      happened: 'Ten minutes have passed: an answer would not be accepted any more.',
      next: again,
    };
  }
  const page = providerPage(error, { provider, serverUrl, address: '' });
  if (!page) return undefined;
  const words = { ...page, exitCode: isOutage(error) ? EXIT.away : EXIT.refused };
  if (error instanceof StateMismatchError) {
    // With a code there is a provider's error that names no sign-in: the page tells what it means.
    return error.errorCode === undefined
      ? { ...words, title: 'Refused', happened: mismatch(error, provider), next: again }
      : { ...words, next: again };
  }
  const isGrantRefused =
    error instanceof TokenResponseError && canonical(error.code) === 'invalid_grant';
  if (!isRefresh) {
    if (!isGrantRefused) return words;
    // A person has carried it here: more can have happened to it than on its way to the web app.
    return {
      ...words,
      happened:
        'A code works once and for a few minutes. This one was used, too old, cut short, or no code at all.',
      next: again,
    };
  }
  if (isGrantRefused) {
    return {
      ...words,
      title: `${provider.name} did not accept the refresh token`,
      happened: 'It works once, and ends with the grant. This one was used, revoked, or cut short.',
      next: again,
    };
  }
  if (error instanceof UpstreamError || error instanceof UnusableTokenResponseError) {
    return {
      ...words,
      happened:
        error instanceof UpstreamError
          ? page.happened
          : `${provider.name} sent neither a token nor an error (${error.message}).`,
      next: `The refresh token may be used up all the same. If it is refused from now on: npm run token -- ${provider.id}`,
    };
  }
  return words;
}

function mismatch({ reason }: StateMismatchError, { name, redirectUri }: Provider): string {
  if (reason === 'other_provider')
    return `this is not ${name}’s answer, which arrives at ${redirectUri}.`;
  if (reason === 'stale') return 'this sign-in was begun more than ten minutes ago.';
  return `this is not the answer to the sign-in that was begun here (its state is ${reason}). It may be from an earlier one, used already, or made up by somebody else. Nothing was sent to ${name}.`;
}

/** Asked again later, it may work. */
function isOutage(error: unknown): boolean {
  if (error instanceof UpstreamError || error instanceof UnusableTokenResponseError) return true;
  return (
    (error instanceof AuthorizationResponseError || error instanceof TokenResponseError) &&
    ['temporarily_unavailable', 'server_error'].includes(canonical(error.code))
  );
}

function usage(title: string, happened: string): Failure {
  return { exitCode: EXIT.usage, status: 500, title, happened };
}

function fault(error: unknown): Failure {
  return {
    exitCode: EXIT.fault,
    status: 500,
    title: 'This command has a fault',
    happened: error instanceof Error ? maskText(`${error.name}: ${error.message}`) : typeof error,
  };
}
