import { ConfigError } from './config.js';
import { describeError } from './log.js';

/** @returns what to tell whoever has started the app: a line for each thing to mend, and no stack */
export function whyItCannotStart(error: unknown): readonly string[] {
  if (error instanceof ConfigError) {
    return [
      'This app cannot start. Its environment has these problems:',
      ...error.problems.map((problem) => `  ${problem}`),
    ];
  }
  if (isListenError(error)) {
    const { port, code } = error;
    const reasons = new Map([
      ['EADDRINUSE', 'is in use'],
      ['EACCES', 'is not for this user to listen on'],
    ]);
    return [
      `Port ${port} ${reasons.get(code) ?? `cannot be listened on (${code})`}. Set PORT (the app) or SANDBOX_PORT (the sandbox) to another, or stop what is in the way.`,
    ];
  }
  return [`This app cannot start: ${JSON.stringify(describeError(error))}`];
}

/** For a worker the process that looks after it listens; Node then calls the same failure a bind's. */
function isListenError(error: unknown): error is { port: number; code: string } {
  return (
    error instanceof Error &&
    'syscall' in error &&
    (error.syscall === 'listen' || error.syscall === 'bind')
  );
}
