// Whether a process needs more and more memory, told from outside: by what the system says it holds.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The resident set of a process, in megabytes. */
export function residentMb(pid: number): number {
  const kilobytes =
    process.platform === 'linux'
      ? /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Math.round(Number(kilobytes) / 1024);
}

/** How much higher the last third may lie. */
const ALLOWED = { share: 0.1, megabytes: 15 };

export interface Verdict {
  readonly isFlat: boolean;
  readonly words: string;
}

/**
 * Judges samples that were taken at even distances. The first third is the warm-up: code is compiled,
 * caches fill, the heap grows to its size. A leak then lifts the floor, to which the garbage collector
 * comes back; peaks only tell how many large answers there were at once. So a tenth of the samples of
 * each third lies below what is compared: the last may be above the second by a tenth and 15 MB.
 */
export function judge(samples: readonly number[]): Verdict {
  const third = Math.floor(samples.length / 3);
  const floors = [0, third, samples.length - third].map((from) =>
    floorOf(samples.slice(from, from + third)),
  );
  const [, second = NaN, last = NaN] = floors;
  const most = Math.round(second * (1 + ALLOWED.share) + ALLOWED.megabytes);
  return {
    isFlat: last <= most,
    words: `floors of the three thirds ${floors.join(', ')} MB, of which the last may be ${most}; the highest of ${samples.length} samples ${Math.max(...samples)} MB`,
  };
}

function floorOf(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 10)] ?? NaN;
}
