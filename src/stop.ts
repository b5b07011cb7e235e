// The end of the process: on a signal, or after a fault that nobody caught.
import type { Logger } from 'pino';

/** Others kill a process 10 s after SIGTERM, Heroku after 30. */
const STOP_WITHIN_MS = 9_000;

/** `npm start` passes Ctrl-C on to a process that has received it already. */
const ECHO_MS = 300;

/**
 * Lets the process end in good order. A second signal ends it at once.
 *
 * @param finish waits for the requests in flight, and closes what is open
 */
export function stopInGoodOrder(log: Logger, finish: () => Promise<void>): void {
  let stoppingSince: number | undefined;
  let exitCode = 0;
  const end = () => {
    process.exit(exitCode);
  };
  const stop = () => {
    if (stoppingSince !== undefined) return;
    stoppingSince = performance.now();
    setTimeout(() => {
      log.warn('some requests were still in flight; their time is over');
      end();
    }, STOP_WITHIN_MS);
    void finish().finally(end);
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stoppingSince !== undefined && performance.now() - stoppingSince > ECHO_MS) end();
      if (stoppingSince === undefined) {
        log.info(`${signal}: no new connections, finishing what is in flight`);
      }
      stop();
    });
  }

  // Rejections that nobody handles come here, too. Node would print the error itself, with all that
  // hangs on it: an axios error carries the client secret. What is left of the process is not to be
  // trusted with new requests.
  process.on('uncaughtException', (error: unknown, origin) => {
    exitCode = 1;
    log.fatal({ err: error, origin }, 'a fault that nobody caught: ending the process');
    stop();
  });
}
