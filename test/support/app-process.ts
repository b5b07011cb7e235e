import { spawn, type ChildProcess } from 'node:child_process';
import type { Sandbox } from '../../src/sandbox/sandbox.js';

/** The compiled app as a process of its own, as Foreman and Heroku run it. */
export interface AppProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly output: () => string;
  /** What of it went to standard error. */
  readonly errors: () => string;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts it, and waits until it listens. */
export async function startAppProcess(
  port: number,
  environment: Record<string, string>,
): Promise<AppProcess> {
  const child = spawn(process.execPath, ['dist/server.js'], {
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', PORT: String(port), ...environment },
  });
  let printed = '';
  let errors = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('The app is at')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
      read(chunk);
    });
    void ended.then(() => {
      reject(new Error(printed));
    });
  });
  return {
    url: `http://localhost:${port}`,
    child,
    output: () => printed,
    errors: () => errors,
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** The variables that point an app at a sandbox. */
export function settingsFor({ url, gocdUrl, world }: Sandbox): Record<string, string> {
  const [rally] = world.rally.clients;
  const [gocd] = world.gocd.clients;
  return {
    RALLY_SERVER: url,
    RALLY_CLIENT_ID: rally?.id ?? '',
    RALLY_CLIENT_SECRET: rally?.secret ?? '',
    GOCD_SERVER: gocdUrl,
    GOCD_CLIENT_ID: gocd?.id ?? '',
    GOCD_CLIENT_SECRET: gocd?.secret ?? '',
  };
}
