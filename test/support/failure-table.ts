// The table in src/sandbox/README.md: what the sandbox does for each failure, and what the app shows.
import { readFileSync } from 'node:fs';

export type Provider = 'rally' | 'gocd';

const NAMES = { rally: 'Rally', gocd: 'GoCD' } as const;

/** A line of the table at one provider. */
export interface FailureCase {
  readonly failure: string;
  readonly provider: Provider;
  /** What the sandbox does, in the table's words. */
  readonly does: string;
  /** What the app shows: its status and heading. */
  readonly shown: string;
}

const ROW = /^\| `([\w-]+)` +\| (Rally|GoCD|both) +\| (.+?) +\| (.+?) +\|$/;

/** Each line; a line of both providers comes twice. */
export const failureTable: readonly FailureCase[] = readFileSync('src/sandbox/README.md', 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, failure, at, does, shown] = ROW.exec(line) ?? [];
    if (!failure || !does || !shown) return [];
    return (['rally', 'gocd'] as const)
      .filter((provider) => at === 'both' || at === NAMES[provider])
      .map((provider) => ({
        failure,
        provider,
        does,
        shown: shown.replace('the provider', NAMES[provider]),
      }));
  });
