// The process: environment, sandbox if nothing is configured, listen, stop. Everything that a
// request meets is in app.ts.
import { createServer, type Server } from 'node:http';
import { config as readDotEnv } from 'dotenv';
import type { Logger } from 'pino';
import { createApp, type Notice } from './app.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createLog } from './log.js';
import { isLoopback } from './loopback.js';
import { introduction } from './sandbox/introduction.js';
import { startSandbox, type Sandbox } from './sandbox/sandbox.js';
import { openSessionStore } from './session/store.js';

/** Heroku kills a process 30 s after SIGTERM, others after 10. */
const STOP_WITHIN_MS = 9_500;

const ECHO_MS = 1_000;

/** Longer than a router keeps its connections to us idle (Heroku: 90 s), so that ours end last. */
const KEEP_ALIVE_MS = 95_000;

try {
  readDotEnv({ quiet: true });
  await start(loadConfig(process.env));
} catch (error) {
  for (const line of explain(error)) process.stderr.write(`${line}\n`);
  process.exit(1);
}

async function start(given: Config): Promise<void> {
  const log = createLog(given.logLevel);
  if (given.isProduction && !given.redis) {
    log.warn(
      'REDIS_URL is not set: sessions are in memory. A restart signs everybody out, and a second process would know nobody',
    );
  }
  if (given.sandbox && !isLoopback(new URL(given.serverUrl))) {
    log.warn('no provider is configured: the sandbox can be reached from this machine alone');
  }
  const sandbox = given.sandbox && (await startStandIn(given, given.sandbox));
  const config = sandbox ? withProviders(given, sandbox) : given;

  const store = await openSessionStore(config, log);
  const server = createServer(createApp(config, log, store, sandbox && notice(sandbox)));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, config.port);
  process.stdout.write(
    `The app is at ${config.serverUrl}\n${sandbox ? `${introduction(sandbox)}\n` : ''}`,
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(server, log, signal);
    });
  }
}

async function startStandIn(
  { serverUrl }: Config,
  settings: NonNullable<Config['sandbox']>,
): Promise<Sandbox> {
  return startSandbox(settings, {
    rally: `${serverUrl}/oauth-redirect`,
    gocd: `${serverUrl}/oauth-redirect/gocd`,
  });
}

/** The configuration that somebody would have written for these two providers. */
function withProviders(config: Config, { url, gocdUrl, world }: Sandbox): Config {
  const [rally] = world.rally.clients;
  const [gocd] = world.gocd.clients;
  return {
    ...config,
    ...(rally && {
      rally: { server: url, client: { id: rally.id, secret: rally.secret }, scope: 'alm' },
    }),
    ...(gocd && { gocd: { server: gocdUrl, client: { id: gocd.id, secret: gocd.secret } } }),
  };
}

function notice({ url, world }: Sandbox): Notice {
  const names = (people: readonly { readonly userName: string; readonly status: string }[]) =>
    people
      .filter(({ status }) => status === 'active')
      .map(({ userName }) => userName)
      .join(', ');
  const words =
    `No provider is configured, so ${url} stands in for both. At Rally sign in as one of ` +
    `${names(world.rally.people)}; at GoCD as ${names(world.gocd.people)}. ` +
    `Every password is “${world.rally.people[0]?.password ?? ''}”.`;
  return { words, url };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, resolve);
  });
}

let stoppingSince: number | undefined;

/**
 * Takes no new connections, lets requests in flight finish, then ends the process. A second signal
 * ends it at once, but not the echo of the first: `npm start` passes Ctrl-C on to a process that has
 * received it already.
 */
function stop(server: Server, log: Logger, signal: string): void {
  if (stoppingSince !== undefined) {
    if (performance.now() - stoppingSince > ECHO_MS) process.exit(0);
    return;
  }
  stoppingSince = performance.now();
  const end = () => {
    process.exit(0);
  };
  setTimeout(end, STOP_WITHIN_MS);
  server.close(end);
  log.info(`${signal}: no new connections, finishing what is in flight`);
  // Connections that were busy when close() looked would otherwise be kept alive for the next
  // request, and the process with them.
  setInterval(() => {
    server.closeIdleConnections();
  }, 50);
}

function explain(error: unknown): readonly string[] {
  if (error instanceof ConfigError) {
    return [
      'This app cannot start. Its environment has these problems:',
      ...error.problems.map((problem) => `  ${problem}`),
    ];
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const port = 'port' in error ? String(error.port) : 'its port';
    return [
      `Port ${port} is in use. Stop what listens there, or set PORT (the app) or SANDBOX_PORT (the sandbox) to another.`,
    ];
  }
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}
