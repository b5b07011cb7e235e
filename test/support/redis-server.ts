import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import type { RedisClientType } from 'redis';

type Client = RedisClientType;

/** @returns the path of this machine's redis-server */
export function findRedisServer(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders
    .map((folder) => join(folder, 'redis-server'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A real Redis of a test's own, on a free port. It keeps what it has when it is restarted. */
export class RedisServer {
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'redis-'));

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts to answer, unless it does. */
  async start(): Promise<void> {
    if (this.child?.exitCode === null && this.child.signalCode === null) return;
    const child = spawn(findRedisServer() ?? 'redis-server', [
      ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder],
      // What it has handed to the system outlives its own crash. A crash of the machine is not tested.
      ...['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''],
    ]);
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('Ready to accept connections')) resolve();
      });
    });
  }

  /** Is gone at once, as in a crash. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Is there and does not answer; SIGCONT lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  /** Deletes all that it holds, so that tests can share it. */
  async empty(): Promise<void> {
    await this.withClient((client) => client.flushAll());
  }

  /** Sends it commands that the app does not send. */
  async withClient<Result>(ask: (client: Client) => Promise<Result>): Promise<Result> {
    const { createClient } = await import('redis');
    const client = createClient({ url: this.url });
    await client.connect();
    try {
      return await ask(client);
    } finally {
      await client.close();
    }
  }

  /** Everything that stands in it, as `redis-cli` would show it. */
  async dump(): Promise<string> {
    return this.withClient(async (client) => {
      const lines = [];
      for (const key of await client.keys('*')) {
        lines.push(`${key} ${String(await client.get(key).catch(() => ''))}`);
      }
      return lines.join('\n');
    });
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
