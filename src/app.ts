// The whole app on one screen: what every request passes, then every route in the order in which a
// person meets them. Start reading here, then follow the dance: routes/login.ts.
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { createHttp, endWithTheBrowser } from './http.js';
import { ownForm } from './middleware/csrf.js';
import { errors } from './middleware/errors.js';
import { notFound, otherMethods, routeOf } from './middleware/known-routes.js';
import { limitSignIns } from './middleware/rate-limit.js';
import { requestLog } from './middleware/request-log.js';
import { securityHeaders } from './middleware/security-headers.js';
import { createGoCD, GOCD } from './providers/gocd.js';
import { createRally, RALLY } from './providers/rally.js';
import { gocd as gocdPage } from './routes/gocd.js';
import { healthz, readyz } from './routes/health.js';
import { home } from './routes/home.js';
import { login } from './routes/login.js';
import { logout, logoutOf, logoutPage } from './routes/logout.js';
import { oauthRedirect } from './routes/oauth-redirect.js';
import { rally as rallyPage } from './routes/rally.js';
import { sessions } from './session.js';

const root = join(import.meta.dirname, '..');

/**
 * Builds the app; it does not listen yet.
 *
 * @param config from {@link loadConfig}
 * @param log where its lines go
 * @param notice shown on every page: that a sandbox stands in, and who can sign in there
 */
export function createApp(config: Config, log: Logger, notice?: string): Express {
  const http = createHttp(config.upstreamTimeoutMs);
  const rally = createRally(config, http);
  const gocd = createGoCD(config, http);
  const providers = [rally, gocd].filter((provider) => provider !== undefined);

  const app = express();
  app.set('view engine', 'ejs').set('views', join(root, 'views'));
  app.set('etag', false); // pages are never cached, so their hash would be for nothing
  Object.assign(app.locals, { notice });
  if (config.serverUrl.startsWith('https:')) {
    app.set('trust proxy', 1); // the platform's router, for the visitor's address alone
    // Whether we are behind https is configured, and no header may say otherwise.
    Object.defineProperty(app.request, 'secure', { get: () => true });
  }

  app.use(securityHeaders(config.serverUrl));
  app.use(requestLog(log));
  app.route('/healthz').get(healthz).all(otherMethods);
  app.use('/public', compression(), express.static(join(root, 'public'), { setHeaders }));
  app.use(endWithTheBrowser);
  app.route('/readyz').get(readyz).all(otherMethods);
  app.use(sessions(config));

  const limit = limitSignIns(config.rateLimitPerMinute);
  const form = ownForm(config.serverUrl);
  const firstFacts = rally || !gocd ? RALLY : GOCD;

  const both = [
    [RALLY, rally],
    [GOCD, gocd],
  ] as const;

  // 0. Both providers, connected or not.
  app.route('/').get(home(both)).all(otherMethods);

  // 1. To the provider. /login alone is the older sample apps' route: Rally, or the only provider.
  app
    .route('/login')
    .get(limit, routeOf(firstFacts, rally ?? gocd, login))
    .all(otherMethods);
  app
    .route('/login/rally')
    .get(limit, routeOf(RALLY, rally, login))
    .all(otherMethods);
  app
    .route('/login/gocd')
    .get(limit, routeOf(GOCD, gocd, login))
    .all(otherMethods);

  // 2 and 3. Back from the provider, and the code for a token.
  const back = oauthRedirect(http);
  app
    .route('/oauth-redirect')
    .get(limit, routeOf(RALLY, rally, back))
    .all(otherMethods);
  app
    .route('/oauth-redirect/gocd')
    .get(limit, routeOf(GOCD, gocd, back))
    .all(otherMethods);

  // 4. What the token opens.
  app
    .route('/rally')
    .get(routeOf(RALLY, rally, rallyPage))
    .all(otherMethods);
  app
    .route('/gocd')
    .get(routeOf(GOCD, gocd, gocdPage))
    .all(otherMethods);

  // 5. Forgetting it.
  app.route('/logout').get(logoutPage(providers)).post(form, logout(config)).all(otherMethods);
  app
    .route('/logout/rally')
    .post(form, routeOf(RALLY, rally, logoutOf))
    .all(otherMethods);
  app
    .route('/logout/gocd')
    .post(form, routeOf(GOCD, gocd, logoutOf))
    .all(otherMethods);

  app.use(notFound);
  app.use(errors(config.serverUrl));
  return app;
}

/** Files are the same for everybody: they may be kept, as pages may not. */
function setHeaders(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'public, max-age=3600');
}
