// The process: environment, sandbox if nothing is configured, listen, stop. `startWorkers` has several
// that serve together; everything that a request meets is in app.ts.
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { config as readDotEnv } from 'dotenv';
import { createApp } from './app.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { createHttpServer } from './http-server.js';
import type { Notice } from './express-settings.js';
import { createLog } from './log.js';
import { isLoopback } from './loopback.js';
import { refreshesUnderWay } from './refresh.js';
import { introduction } from './sandbox/introduction.js';
import type { Sandbox } from './sandbox/sandbox.js';
import { openSessionStore } from './session/store.js';
import { whyItCannotStart } from './start-failure.js';
import { stopInGoodOrder } from './stop.js';
import { ownTask, startWorkers, type Task } from './workers.js';

try {
  await (cluster.isWorker ? serve(await ownTask()) : start(readConfig()));
} catch (error) {
  for (const line of whyItCannotStart(error)) process.stderr.write(`${line}\n`);
  process.exit(1);
}

function readConfig(): Config {
  const { error } = readDotEnv({ quiet: true });
  // There need be none. One that cannot be read would be left out without a word.
  if (error && error.code !== 'ENOENT') {
    throw new ConfigError([`.env cannot be read (${error.code})`]);
  }
  return loadConfig(process.env);
}

async function start(given: Config): Promise<void> {
  const log = createLog(given.logLevel);
  if (!given.redis && (given.isProduction || given.workers > 1)) {
    log.warn(
      `REDIS_URL is not set: sessions are in memory. A restart signs everybody out, and a second process would know nobody${given.workers > 1 ? ': WEB_CONCURRENCY is left aside' : ''}`,
    );
  }
  if (given.sandbox && !isLoopback(new URL(given.serverUrl))) {
    log.warn('no provider is configured: the sandbox can be reached from this machine alone');
  }
  const sandbox = given.sandbox && (await startStandIn(given, given.sandbox));
  const task: Task = {
    config: sandbox ? withProviders(given, sandbox) : given,
    ...(sandbox && { notice: notice(sandbox) }),
  };
  await (given.redis && given.workers > 1 ? startWorkers(task, log) : serve(task));
  process.stdout.write(
    `${listensElsewhere(given) ? `Listening on port ${given.port}. ` : ''}The app is at ${given.serverUrl}\n${sandbox ? `${introduction(sandbox)}\n` : ''}`,
  );
}

/** Behind a proxy, or beside another process: the address alone would not tell which one this is. */
function listensElsewhere({ serverUrl, port }: Config): boolean {
  return new URL(serverUrl).port !== String(port);
}

async function serve({ config, notice }: Task): Promise<void> {
  const log = createLog(config.logLevel);
  const store = await openSessionStore(config, log);
  const { server, finish } = createHttpServer(log);
  server.on('request', createApp(config, log, store, notice));
  stopInGoodOrder(log, async () => {
    await finish();
    await refreshesUnderWay();
    await store.close();
  });
  await listen(server, config.port);
  server.on('error', (error) => {
    log.error({ err: error }, 'a connection could not be taken');
  });
}

async function startStandIn(
  { serverUrl }: Config,
  settings: NonNullable<Config['sandbox']>,
): Promise<Sandbox> {
  const { startSandbox } = await import('./sandbox/sandbox.js'); // never loaded in production
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
