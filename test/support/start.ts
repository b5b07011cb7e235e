import type { Server } from 'node:http';
import { createApp } from '../../src/app.js';
import { loadConfig, type Config } from '../../src/config.js';
import { createHttpServer, type Patience } from '../../src/http-server.js';
import { createLog } from '../../src/log.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import {
  openSessionStore,
  STORE_LIMITS,
  type SessionStore,
  type StoreLimits,
} from '../../src/session/store.js';
import { SMALL } from './sandbox.js';

/** An app and a sandbox of a test's own, on free ports. */
export interface Started {
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly store: SessionStore;
  /** What the app logged. */
  readonly log: string[];
  readonly close: () => Promise<void>;
}

export interface StartOptions {
  /** Environment variables of the app; they win over the ones that point it at the sandbox. */
  readonly environment?: Record<string, string | undefined>;
  readonly sandbox?: { stories?: number; pipelines?: number; tokenTtlSeconds?: number };
  /** How long a client may take to send a request, where the app's own patience is too long. */
  readonly patience?: Patience;
  /** Of the session store, where the app's own are too high. */
  readonly limits?: Partial<StoreLimits>;
}

const started: Started[] = [];

/** Starts both. {@link closeAll} ends them; call it in afterEach. */
export async function start({
  environment,
  sandbox: world,
  patience,
  limits,
}: StartOptions = {}): Promise<Started> {
  const log: string[] = [];
  const write = (line: string) => void log.push(line);
  const appLog = createLog('debug', { write });
  const { server } = createHttpServer(appLog, patience);
  const url = `http://localhost:${await listen(server)}`;
  const sandbox = await startSandbox(
    { ...SMALL, pipelines: 6, ...world },
    { rally: `${url}/oauth-redirect`, gocd: `${url}/oauth-redirect/gocd` },
  );
  const [rally] = sandbox.world.rally.clients;
  const [gocd] = sandbox.world.gocd.clients;
  const config: Config = loadConfig({
    SERVER_URL: url,
    RALLY_SERVER: sandbox.url,
    RALLY_CLIENT_ID: rally?.id,
    RALLY_CLIENT_SECRET: rally?.secret,
    GOCD_SERVER: sandbox.gocdUrl,
    GOCD_CLIENT_ID: gocd?.id,
    GOCD_CLIENT_SECRET: gocd?.secret,
    ...environment,
  });
  const store = await openSessionStore(config, appLog, { ...STORE_LIMITS, ...limits });
  server.on(
    'request',
    createApp(config, appLog, store, {
      words: 'It stands in.',
      url: sandbox.url,
    }),
  );
  const close = async () => {
    await Promise.all([stop(server), stop(sandbox.server)]);
    await store.close();
  };
  const running = { url, sandbox, store, log, close };
  started.push(running);
  return running;
}

/** Ends everything that {@link start} has started. */
export async function closeAll(): Promise<void> {
  await Promise.all(started.splice(0).map(({ close }) => close()));
}

/** Lets a server listen on a free port of this machine. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Ends a server and whatever is still connected to it. */
export async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
