// A stand-in for Rally and for GoCD, for trying the app without an account and for testing it. It
// shares no code with the app: each path, header and body is written here from the providers'
// documents. README.md in this folder says where each comes from.
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { authorize as gocdAuthorize } from './gocd/authorize.js';
import { consolePages } from './console.js';
import { cctray } from './gocd/cctray.js';
import { pages as gocdPages } from './gocd/pages.js';
import { token as gocdToken } from './gocd/token.js';
import { createLogin } from './login.js';
import { applicationManager } from './rally/application-manager.js';
import { authorize as rallyAuthorize } from './rally/authorize.js';
import { token as rallyToken } from './rally/token.js';
import { wsapi } from './rally/wsapi/wsapi.js';
import { securityHeaders } from './security-headers.js';
import { createWorld, type RedirectUris, type World, type WorldOptions } from './world.js';

export interface SandboxOptions extends WorldOptions {
  readonly port: number;
  /** What to do with an error of the sandbox itself; never with a refusal. */
  readonly onError?: (error: unknown) => void;
}

/** A running sandbox. */
export interface Sandbox {
  /** Its base URL, and so Rally's server. */
  readonly url: string;
  /** GoCD's server, with its context path. */
  readonly gocdUrl: string;
  readonly world: World;
  readonly server: Server;
}

const root = join(import.meta.dirname, '../..');

/**
 * Starts a sandbox. It listens on loopback only: its passwords are printed and its doors are open.
 *
 * @param options its port (0 for any that is free) and the size of its world
 * @param redirectUris where its two clients want people to be sent back to
 * @throws when the port is taken, or in production
 */
export async function startSandbox(
  options: SandboxOptions,
  redirectUris: RedirectUris,
): Promise<Sandbox> {
  // SECURITY.md G2: its passwords are public.
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error('The sandbox does not start with NODE_ENV=production.');
  }
  const world = createWorld(options, redirectUris);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const url = `http://localhost:${port}`;
  server.on('request', createSandbox(world, url, options.onError));
  return { url, gocdUrl: `${url}/go`, world, server };
}

function createSandbox(
  world: World,
  origin: string,
  onError: (error: unknown) => void = () => undefined,
): Express {
  const app = express();
  app.set('view engine', 'ejs').set('views', join(root, 'views/sandbox'));
  app.set('etag', false);
  app.use(securityHeaders);
  app.use('/_sandbox/public', express.static(join(root, 'public')));
  app.use(consolePages(world));
  app.use((request, response, next) => {
    response.locals['exchange'] = world.received.add(request, response);
    next();
  });
  app.get('/', (_request, response) => {
    response.render('home', { title: 'Sandbox', provider: 'sandbox', world });
  });

  // What programs call: no cookies, no forms.
  const late = after(world.options.latencyMs);
  app.use('/login/oauth2/token', late, rallyToken(world));
  app.use(['/slm/webservice/v2.0', '/slm/webservice/v2.x'], late, wsapi(world, origin));
  app.use(['/go/oauth/token', '/oauth/token'], late, gocdToken(world));
  app.use('/go/cctray.xml', late, cctray(world, origin));

  // What people see.
  const { clock } = world;
  const rallyLogin = createLogin({
    provider: 'rally',
    people: world.rally.people,
    clients: world.rally.clients,
    clock,
    below: ['/login'],
    path: '/login',
    logoutPath: '/login/logout',
    landing: '/login/accounts/index.html',
  });
  app.use(
    rallyLogin.router,
    rallyAuthorize(world, rallyLogin),
    applicationManager(world, rallyLogin, origin),
  );
  const gocdLogin = createLogin({
    provider: 'gocd',
    people: world.gocd.people,
    clients: world.gocd.clients,
    clock,
    below: ['/go', '/oauth'],
    path: '/go/auth/login',
    logoutPath: '/go/auth/logout',
    landing: '/go/pipelines',
  });
  app.use(
    gocdLogin.router,
    gocdAuthorize(world, gocdLogin, origin),
    gocdPages(world, gocdLogin, origin),
  );

  app.use((_request, response) => {
    response.status(404).render('error', {
      title: 'The sandbox does not have this page',
      provider: 'sandbox',
      happened:
        'The real Rally and the real GoCD have more pages than this stand-in. The links above lead to what there is here.',
    });
  });
  const failed: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const isBadRequest = error instanceof Error && 'status' in error && Number(error.status) < 500;
    if (!isBadRequest) onError(error);
    response.status(isBadRequest ? 400 : 500).render('error', {
      title: 'This request cannot be answered',
      provider: 'sandbox',
      happened: isBadRequest
        ? 'Something in its address, its headers or its body is malformed or too large.'
        : 'The sandbox has a fault. What it was doing is printed where it was started.',
    });
  };
  app.use(failed);
  return app;
}

/** @param ms how long an answer is held back, in milliseconds */
function after(ms: number): RequestHandler {
  return async (_request, response, next) => {
    if (ms > 0) await delay(ms);
    if (!response.destroyed) next();
  };
}
