import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { listen, stop } from './start.js';

// Programs of dist/ as processes of their own, the way Foreman and Heroku run them.

export interface Run {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

const runs: Run[] = [];

/**
 * Starts a program of dist/. {@link endRuns} ends it; call that in afterEach.
 *
 * @param folder where it runs, and looks for .env
 */
export function run(program: string, environment: Record<string, string>, folder = '.'): Run {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...environment },
    cwd: folder,
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started = { child, output: () => printed, exit };
  runs.push(started);
  return started;
}

/** Ends every process that {@link run} has started. */
export async function endRuns(): Promise<void> {
  for (const { child } of runs) child.kill('SIGKILL');
  await Promise.all(runs.splice(0).map(({ exit }) => exit));
}

/** Waits until the process has printed a text; fails at once when it ends without. */
export async function printed({ child, output, exit }: Run, text: string | RegExp): Promise<void> {
  const ended = exit.then(() => 'ended' as const);
  const isThere = () => (typeof text === 'string' ? output().includes(text) : text.test(output()));
  while (!isThere()) {
    const next = new Promise<'more'>((resolve) => {
      child.stdout?.once('data', () => {
        resolve('more');
      });
    });
    if ((await Promise.race([next, ended])) === 'ended') throw new Error(output());
  }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await stop(server);
  return port;
}
