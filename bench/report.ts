// The numbers as tables: medians, and ratios round by round with their spread.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { format } from 'prettier';
import type { Aim, Case, Comparison } from './measure.js';

const INTRODUCTION = `# Results

Written by \`npm run bench\`; what it says of times is of this one machine, and the ratios are what
counts. Each number is a median over rounds in fresh processes that took turns. A ratio is ours to
theirs, taken within a round, with the lowest and the highest. The app runs as in production: sessions
in memory, LOG_LEVEL as it is by default (info, one line a request, written to /dev/null), all its
middleware, RATE_LIMIT_PER_MINUTE=0. The floor is Express, express-session and EJS with nothing asked
of a provider; passport is an app with passport-oauth2 and axios as their documents show them; raw is
node:http alone with the same exchanges. CPU is the process's own, for one request or sign-in.
[Why some aims are not reached](WHY.md).
`;

/** The section of one case. */
export async function sectionOf(
  { name, about }: Case,
  comparisons: readonly Comparison[],
  rounds: number,
): Promise<string> {
  const rows = comparisons.map((comparison) => `| ${rowOf(comparison).join(' | ')} |`);
  return format(
    [
      `## ${name}\n`,
      `${about} ${rounds} rounds.\n`,
      '| | the app | | | ratio | aim |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
    { parser: 'markdown', printWidth: 100 },
  );
}

function rowOf({ what, ours, against, theirs, aim }: Comparison): string[] {
  const ratios = ours.map((our, round) => our / (theirs[round] ?? NaN));
  const ratio = median(ratios);
  const spread = `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
  return [
    what,
    shown(median(ours)),
    against,
    shown(median(theirs)),
    spread,
    aim ? verdict(ratio, aim) : '',
  ];
}

function verdict(ratio: number, aim: Aim): string {
  const [words, isReached] =
    'atLeast' in aim
      ? [`at least ${aim.atLeast}`, ratio >= aim.atLeast]
      : [`at most ${aim.atMost}`, ratio <= aim.atMost];
  return `${words}: ${isReached ? 'reached' : '**not reached**'}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** Three digits say all that such a number knows. */
function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/**
 * Puts the section of a case into the file, in the place of the one it had.
 *
 * @param order of all cases
 */
export function keep(file: string, name: string, section: string, order: readonly string[]): void {
  const kept = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split(/^(?=## )/m)
        .slice(1)
    : [];
  const sections = new Map(kept.map((text) => [/^## (.*)/.exec(text)?.[1], text.trim()]));
  sections.set(name, section.trim());
  const machine = `${availableParallelism()} cores, Node ${process.versions.node}, ${process.platform}.`;
  const texts = order.flatMap((each) => sections.get(each) ?? []);
  writeFileSync(file, `${[`${INTRODUCTION}\n${machine}`, ...texts].join('\n\n')}\n`);
}
