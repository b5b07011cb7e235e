import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Run } from './process.js';

// Commands as somebody types them, in a copy of this tree: nothing that they write stays.

/** Tests, measurements and pictures: nothing that is run here reads them. */
const UNUSED = ['bench', 'docs', 'test'];
const LEFT_OUT = ['.git', '.env', 'dist', 'node_modules', ...UNUSED];

/** npm asks its registry for nothing, not even for news of itself. */
const OFFLINE = { npm_config_offline: 'true', npm_config_update_notifier: 'false' };

/** Whoever stops the tests with Ctrl-C ends the standard input here, and with it the whole group. */
const ENDS_WITH_US = `exec 2>&1 3<&0 </dev/null
(cat <&3; kill -KILL 0) >/dev/null 2>&1 &
exec 3<&-`;

const folders: string[] = [];
const runs: Run[] = [];

/** A copy of this tree as a clone has it after `npm ci`. {@link endCommands} removes it. */
export function installedCopy(): string {
  const folder = copyOfTree();
  cpSync('dist', join(folder, 'dist'), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** A copy of this tree as a clone has it: nothing is installed or compiled. */
export function copyOfTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'copy-of-tree-'));
  folders.push(folder);
  const left = LEFT_OUT.map((name) => resolve(name));
  cpSync(resolve('.'), folder, { recursive: true, filter: (source) => !left.includes(source) });
  return folder;
}

/** Runs a line of shell in a folder, with little more in the environment than is given. */
export function runInShell(
  line: string,
  folder: string,
  environment: Record<string, string> = {},
): Run {
  const child = spawn('bash', ['-c', `${ENDS_WITH_US}\n${line}`], {
    env: { PATH: process.env['PATH'], HOME: folder, ...OFFLINE, ...environment },
    cwd: folder,
    detached: true, // a group of its own: npm's children end with it
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.once('exit', () => child.stdin.end());
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const run = { child, output: () => printed, exit };
  runs.push(run);
  return run;
}

/** Ends every process that {@link runInShell} has started, with its children, and removes all copies. */
export async function endCommands(): Promise<void> {
  for (const { child } of runs) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has ended.
    }
  }
  await Promise.all(runs.splice(0).map(({ exit }) => exit));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
