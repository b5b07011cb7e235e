import { spawnSync } from 'node:child_process';

/** Whether this machine can give a command a terminal: script(1), as util-linux has it. */
export function hasTerminal(): boolean {
  const { status, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.includes('util-linux');
}
