// How /gocd says what cctray.xml holds: never by colour alone.
import type { Status } from '../providers/gocd-cctray-entries.js';
import type { BuildTime } from '../providers/gocd-cctray.js';

export interface Said {
  /** A class of the stylesheet. */
  readonly tone: 'good' | 'bad' | 'unknown';
  readonly symbol: string;
  readonly words: string;
}

/** GoCD sends Success and Failure; the format allows more, which is neither good nor bad. */
const RESULTS: ReadonlyMap<string, Said> = new Map([
  ['Success', { tone: 'good', symbol: '✓', words: 'passed' }],
  ['Failure', { tone: 'bad', symbol: '✕', words: 'failed' }],
]);

/** How the last build ended. */
export function resultOf({ lastBuildStatus }: Status): Said {
  return RESULTS.get(lastBuildStatus) ?? { tone: 'unknown', symbol: '?', words: lastBuildStatus };
}

/** What it does now; undefined where it rests. */
export function activityOf({ activity }: Status): string | undefined {
  if (activity === 'Sleeping') return undefined;
  return activity === 'Building' ? 'building now' : activity;
}

export interface SaidTime {
  readonly words: string;
  /** The moment, with its zone. */
  readonly exact: string;
  /** For a machine; absent where the zone is unknown. */
  readonly iso?: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @param now milliseconds since 1970 */
export function timeOf({ instant, text }: BuildTime, now: number): SaidTime {
  if (instant === undefined) {
    const words = text.replace('T', ' ');
    return { words, exact: 'the server’s own time zone' };
  }
  const iso = new Date(instant).toISOString();
  return { words: ageOf(now - instant), exact: `${iso.slice(0, 16).replace('T', ' ')} UTC`, iso };
}

function ageOf(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return 'just now'; // also when GoCD's clock is ahead of ours
  const minutes = Math.floor(milliseconds / MINUTE_MS);
  if (milliseconds < HOUR_MS) return `${minutes} min ago`;
  if (milliseconds < 2 * HOUR_MS) return minutes === 60 ? '1 h ago' : `1 h ${minutes - 60} min ago`;
  if (milliseconds < 2 * DAY_MS) return `${Math.floor(milliseconds / HOUR_MS)} hours ago`;
  return `${Math.floor(milliseconds / DAY_MS)} days ago`;
}
