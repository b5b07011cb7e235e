import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './arguments.js';

// A provider's words could otherwise move the cursor, or pretend to be ours (escape sequences,
// characters that turn the direction of writing).
const UNPRINTABLE = /[^\P{C}\n]/gu;

/** Tells the person something. Standard output is for the token alone. */
export function say(...lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n').replace(UNPRINTABLE, '\uFFFD')}\n`);
}

/**
 * Writes the result, and waits until it is out of our hands.
 *
 * @throws {UsageError} when nobody reads standard output any more
 */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(new UsageError('Standard output was closed: the token is lost.'));
      else resolve();
    });
  });
}

/**
 * Asks for one line. A terminal does not show it: it is a code or a token, and would stay in the
 * window, its history and every recording of it.
 *
 * @param prompt what to paste
 * @returns the first line that is not empty, without space around it
 * @throws {UsageError} when the input ends without one
 */
export async function readLine(prompt: string): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  // A terminal in its line mode would both show what is pasted and cut it at 4096 characters.
  const lines = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: isTerminal,
    historySize: 0,
  });
  // In this mode the terminal does not turn Ctrl-C into a signal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ask = () => {
    say(isTerminal ? `${prompt}, then press Enter. What you paste is not shown:` : `${prompt}:`);
  };
  // After Ctrl-Z and fg readline leaves the input paused: the shell would get what is pasted.
  lines.on('SIGCONT', () => {
    lines.resume();
    ask();
  });
  ask();
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.trim() === '') return;
      resolve(line.trim());
      lines.close();
    });
    lines.on('close', () => {
      reject(new UsageError('The input ended before anything was pasted.'));
    });
  });
}
