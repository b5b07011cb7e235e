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

/** What a garbage collector may have left lying about at one moment and not at another. */
const ALLOWED = { share: 0.1, megabytes: 15 };

export interface Verdict {
  readonly isFlat: boolean;
  readonly words: string;
}

/**
 * Judges samples that were taken at even distances. The first third is the warm-up: code is compiled,
 * caches fill, the heap grows to its size. After that the median of the last third may be above that
 * of the second by a tenth and 15 MB.
 */
export function judge(samples: readonly number[]): Verdict {
  const third = Math.floor(samples.length / 3);
  const [first, second, last] = [0, third, samples.length - third].map((from) =>
    median(samples.slice(from, from + third)),
  ) as [number, number, number];
  const most = second * (1 + ALLOWED.share) + ALLOWED.megabytes;
  return {
    isFlat: third > 0 && last <= most,
    words: `medians of the three thirds ${first}, ${second} and ${last} MB, the last may be ${Math.round(most)}; the highest of ${samples.length} samples ${Math.max(...samples)} MB`,
  };
}

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? NaN;
}
