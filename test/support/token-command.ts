import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `npm run token`, running: the compiled one, as people run it. */
export interface TokenCommand {
  readonly child: ChildProcess;
  /** Standard output so far; all that the screen shows where it runs in a terminal. */
  readonly output: () => string;
  readonly errors: () => string;
  /** The exit code. */
  readonly exit: Promise<number | null>;
}

const compiled = join(process.cwd(), 'dist/token.js');
const running: TokenCommand[] = [];

/** Runs the command with pipes. {@link endCommands} ends it; call that in afterEach. */
export function runToken(
  given: readonly string[],
  environment: Record<string, string> = {},
): TokenCommand {
  return start(process.execPath, [compiled, ...given], environment);
}

/**
 * Runs the command in a pseudo-terminal: what is sent to it, somebody types.
 *
 * @param shellScript what the shell there does with the command
 */
export function runTokenInTerminal(
  given: readonly string[],
  environment: Record<string, string>,
  shellScript = (command: string) => command,
): TokenCommand {
  const command = [process.execPath, compiled, ...given].join(' ');
  return start('script', ['-qec', shellScript(command), '/dev/null'], environment);
}

export async function endCommands(): Promise<void> {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ exit }) => exit));
}

/** Waits for a text on either stream, and returns what it matched; fails when the command ends. */
export async function said({ child, output, errors, exit }: TokenCommand, text: RegExp) {
  const ended = exit.then(() => 'ended' as const);
  for (;;) {
    const [match] = text.exec(output() + errors()) ?? [];
    if (match !== undefined) return match;
    const more = new Promise<'more'>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.once('data', () => {
          resolve('more');
        });
      }
    });
    if ((await Promise.race([more, ended])) === 'ended' && !text.test(output() + errors())) {
      throw new Error(`it ended, having said:\n${output()}${errors()}`);
    }
  }
}

function start(
  program: string,
  parameters: readonly string[],
  environment: Record<string, string>,
): TokenCommand {
  const child = spawn(program, parameters, {
    cwd: tmpdir(), // not where a developer's .env is
    env: { PATH: process.env['PATH'], ...environment },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const started = { child, output: () => output, errors: () => errors, exit };
  running.push(started);
  return started;
}
