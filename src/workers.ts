// Several processes that serve on one port, for WEB_CONCURRENCY. The one that was started serves nothing
// itself: Node hands each connection to the next worker, and what is here looks after them.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import type { Notice } from './express-settings.js';
import { stopInGoodOrder } from './stop.js';

/** What a process is to serve. */
export interface Task {
  readonly config: Config;
  /** Where the sandbox stands in. */
  readonly notice?: Notice;
}

/** Before a worker is replaced: one that ends at each start must not keep the machine busy. */
const PAUSE_MS = 1_000;

/**
 * Starts as many workers as the task's configuration has, and replaces those that end. On a signal it
 * ends them in good order, and then this process. When the first ends before it listens, this process
 * does, too: the others would meet the same, and it has printed why.
 *
 * @returns when the first one listens
 */
export async function startWorkers(task: Task, log: Logger): Promise<void> {
  let isStopping = false;
  const startOne = (): Worker => {
    const worker = cluster.fork();
    worker.once('message', () => worker.send(task));
    // It may be gone when it is spoken to, which would end this process, too.
    worker.on('error', (error) => {
      log.debug({ err: error }, 'a worker cannot be reached');
    });
    return worker;
  };
  const all = () => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);

  stopInGoodOrder(log, async () => {
    isStopping = true;
    const ended = all().map((worker) => once(worker, 'exit'));
    for (const worker of all()) worker.process.kill('SIGTERM');
    await Promise.all(ended);
  });
  // One that hangs would not even see that this process is gone.
  process.once('exit', () => {
    for (const worker of all()) worker.process.kill('SIGKILL');
  });

  const first = startOne();
  const endsEarly = (_code: number, signal: string | null) => {
    if (isStopping) return;
    if (signal !== null) log.fatal({ signal }, 'the first worker was killed before it listened');
    process.exit(1);
  };
  first.once('exit', endsEarly);
  await once(first, 'listening');
  first.off('exit', endsEarly);

  cluster.on('exit', ({ process: { pid } }, code, signal) => {
    if (isStopping) return;
    log.error({ pid, code, signal }, 'a worker has ended: another takes its place');
    setTimeout(() => {
      if (!isStopping) startOne();
    }, PAUSE_MS);
  });
  for (let started = 1; started < task.config.workers; started++) startOne();
}

/** @returns what the process that has started this one wants served */
export async function ownTask(): Promise<Task> {
  // It is asked for, since Node would drop a message that came before somebody listens.
  const answer = once(process, 'message') as Promise<[Task]>;
  process.send?.('ready');
  const [task] = await answer;
  return task;
}
