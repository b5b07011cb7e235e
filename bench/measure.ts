// How a number is won: fresh processes, one after the other in turn, several rounds, so that whatever
// else this machine does meets all of them alike.
import type { Done, Job } from './driver.js';
import { start, startDriver, startProvider, type Running, type Subject } from './processes.js';

/** How much is done: enough to mean something, or enough to see that it runs. */
export interface Size {
  readonly rounds: number;
  /** Of the usual counts. */
  readonly share: number;
}

/** The ratio that is wanted, of ours to theirs. */
export type Aim = { readonly atLeast: number } | { readonly atMost: number };

/** What was measured of the app, round by round, and of what it is held against. */
export interface Comparison {
  readonly what: string;
  readonly ours: readonly number[];
  readonly against: string;
  readonly theirs: readonly number[];
  readonly aim: Aim | undefined;
}

/** One section of the results. */
export interface Case {
  readonly name: string;
  /** What is asked. */
  readonly about: string;
  /** @throws {NotHere} */
  run(size: Size): Promise<readonly Comparison[]>;
}

/** What was to be measured is not part of the app, or a program is missing on this machine. */
export class NotHere extends Error {}

/** What stands behind a subject, and how it is started, beyond the usual. */
export interface Setting {
  /** Variables of provider.ts. */
  readonly provider?: Readonly<Record<string, string>>;
  /** Variables of the subject. */
  readonly subject?: Readonly<Record<string, string>>;
}

/** What one load has shown. */
export interface Load {
  readonly perSecond: number;
  /** Of the subject, for one request. */
  readonly cpuMs: number;
}

/** @param what with its unit */
export function compare(
  what: string,
  ours: readonly number[],
  against: string,
  theirs: readonly number[],
  aim?: Aim,
): Comparison {
  return { what, ours, against, theirs, aim };
}

type Task = Partial<Job> & Pick<Job, 'act' | 'path'>;

/** A subject that runs, and people who ask it. */
export interface Bench {
  readonly running: Running;
  readonly drive: (task: Task) => Promise<Done>;
  /** Once to warm up, and once more to be measured: code that is new to V8 takes twice as long. */
  readonly load: (task: Task & Pick<Job, 'count'>) => Promise<Load>;
}

const CONNECTIONS = 16;

/**
 * Takes all in turn, A B A B.
 *
 * @param measure gives the numbers of one round by their names
 * @returns a function that gives all rounds of one number
 */
export async function inTurn<Key, Name extends string>(
  { rounds }: Size,
  keys: readonly Key[],
  measure: (key: Key) => Promise<Readonly<Record<Name, number>>>,
): Promise<(key: Key, name: Name) => number[]> {
  const results: { readonly key: Key; readonly numbers: Readonly<Record<Name, number>> }[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const key of keys) results.push({ key, numbers: await measure(key) });
  }
  return (key, name) =>
    results.filter((result) => result.key === key).map(({ numbers }) => numbers[name]);
}

/** Measures one subject once, in processes that nothing else has used. */
export async function measured<Result>(
  subject: Subject,
  measure: (bench: Bench) => Promise<Result>,
  setting: Setting = {},
): Promise<Result> {
  const provider = await startProvider(setting.provider);
  const running = await start(subject, provider.url, setting.subject);
  const driver = startDriver();
  const drive: Bench['drive'] = (task) =>
    driver.run({ urls: [running.url], count: 1, connections: CONNECTIONS, ...task });
  const load: Bench['load'] = async (task) => {
    await drive(task);
    const before = await running.usage();
    const { seconds } = await drive(task);
    const after = await running.usage();
    return { perSecond: task.count / seconds, cpuMs: (after.cpuMs - before.cpuMs) / task.count };
  };
  try {
    return await measure({ running, drive, load });
  } finally {
    await Promise.all([driver.stop(), running.stop(), provider.stop()]);
  }
}
