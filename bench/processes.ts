// Everything runs in a process of its own, and a fresh one each time: what is measured, the people who
// ask, the provider behind it.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Done, Job } from './driver.js';

/** A program that answers at the app's addresses. */
export interface Subject {
  readonly name: string;
  readonly program: string;
}

export const APP: Subject = { name: 'the app', program: 'dist/server.js' };
export const FLOOR: Subject = { name: 'the floor', program: 'bench/peers/floor.js' };
export const PASSPORT: Subject = { name: 'passport', program: 'bench/peers/passport.js' };
export const RAW: Subject = { name: 'raw node:http', program: 'bench/peers/raw.js' };
export const TOOLKIT: Subject = { name: 'npm’s rally', program: 'bench/peers/rally-toolkit.js' };

/** What a process has used since it began; memory after a garbage collection. */
export interface Usage {
  readonly cpuMs: number;
  readonly heapMb: number;
  readonly peakMb: number;
}

const SECRET = 'the benchmark alone uses this secret';
const POLL_MS = 2;
const LONGEST_START_MS = 20_000;
const STOP_MS = 3_000;

/** A process that has given its first answer. */
export class Running {
  constructor(
    readonly url: string,
    readonly startMs: number,
    private readonly child: ChildProcess,
  ) {}

  async usage(): Promise<Usage> {
    this.child.send('usage');
    const [usage] = (await once(this.child, 'message')) as [Usage];
    return usage;
  }

  async stop(): Promise<void> {
    await end(this.child);
  }
}

/**
 * Starts a subject, in production, with its sessions in memory unless it is told otherwise.
 *
 * @param providerUrl of the stand-in
 * @param more variables of the environment
 */
export async function start(
  { program, name }: Subject,
  providerUrl: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const from = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', '--import', './bench/meter.js', program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      PORT: String(port),
      SERVER_URL: url,
      SESSION_SECRET: SECRET,
      RATE_LIMIT_PER_MINUTE: '0', // everybody has one address here
      RALLY_SERVER: providerUrl,
      RALLY_CLIENT_ID: 'client',
      RALLY_CLIENT_SECRET: 'secret',
      GOCD_SERVER: `${providerUrl}/go`,
      GOCD_CLIENT_ID: 'client',
      GOCD_CLIENT_SECRET: 'secret',
      PROVIDER_URL: providerUrl, // the peers' one
      ...more,
    },
  });
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  child.once('exit', (code, signal) => {
    const isStopped = code === 0 || signal === 'SIGTERM' || signal === 'SIGKILL';
    if (!isStopped) console.error(`${name} has ended:\n${complaints}`);
  });
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() - from > LONGEST_START_MS) {
      throw new Error(`${name} does not start`);
    }
    await delay(POLL_MS);
  }
  return new Running(url, performance.now() - from, child);
}

/** @param size variables of provider.ts */
export async function startProvider(size: Readonly<Record<string, string>> = {}): Promise<Running> {
  const from = performance.now();
  const child = fork('bench/provider.ts', {
    env: { ...process.env, ...size },
    execArgv: [...process.execArgv, '--import', './bench/meter.js'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return new Running(`http://localhost:${port}`, performance.now() - from, child);
}

/** The people who ask. */
export interface Driver {
  /** @throws {Error} when an answer is not the one that was to be measured */
  run(job: Job): Promise<Done>;
  stop(): Promise<void>;
}

export function startDriver(): Driver {
  const child = fork('bench/driver.ts');
  return {
    run: async (job) => {
      child.send(job);
      const [done] = (await once(child, 'message')) as [Done | { error: string }];
      if ('error' in done) throw new Error(done.error);
      return done;
    },
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await once(child, 'exit');
  clearTimeout(timer);
}

async function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (answer) => {
      answer.resume().once('end', () => {
        resolve(true);
      });
    }).once('error', () => {
      resolve(false);
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
