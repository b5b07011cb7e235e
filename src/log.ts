import { pino, type DestinationStream, type Logger } from 'pino';
import { maskText } from './mask.js';

/**
 * Structured logs: one JSON line per event on standard output, where Foreman and Heroku collect
 * them.
 *
 * @param level the least important level that is written
 * @param destination where to, standard output unless told; tests read their log through it
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination ?? pino.destination({ sync: true }),
  );
}

/**
 * An error as the log may have it. Never the object itself: an axios error carries the whole
 * request, with the client secret in its body and the token in its headers.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.constructor.name,
    message: maskText(error.message), // SECURITY.md F6: it may quote what a provider sent
    ...('code' in error && { code: maskText(String(error.code)) }),
    ...(error.stack && { stack: stackLines(error.stack) }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

/** Only where it happened: the lines before are the message again, unmasked. */
function stackLines(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at .+:\d+:\d+\)?$/.test(line))
    .join('\n');
}
