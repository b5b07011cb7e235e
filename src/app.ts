// The whole app on one screen: what every request passes, then every route in the order in which a
// person meets them. Start reading here, then follow a sign-in from `login`.
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { configureExpress, type Notice } from './express-settings.js';
import { createProviderClient } from './http/upstream.js';
import { refuseForgedForms } from './middleware/csrf.js';
import { errors } from './middleware/errors.js';
import { addPathsTo, notFound, routesOf, signInRoutesOf } from './middleware/known-routes.js';
import { limitSignIns } from './middleware/rate-limit.js';
import { requestLog } from './middleware/request-log.js';
import { securityHeaders } from './middleware/security-headers.js';
import { staticFiles } from './middleware/static-files.js';
import { upstream } from './middleware/upstream.js';
import { createGoCD, GOCD } from './providers/gocd.js';
import { createRally, RALLY } from './providers/rally.js';
import { CSV, JSON_ARRAY } from './rally-export/formats.js';
import { showPipelines } from './routes/gocd.js';
import { healthz, readyz } from './routes/health.js';
import { home } from './routes/home.js';
import { login } from './routes/login.js';
import { logout, logoutOf, logoutPage } from './routes/logout.js';
import { ownCredentialPage, useOwnCredential } from './routes/own-credential.js';
import { oauthRedirect } from './routes/oauth-redirect.js';
import { showChoices } from './routes/rally-choices.js';
import { countWork } from './routes/rally-counts.js';
import { exportAs } from './routes/rally-export.js';
import { showWork } from './routes/rally.js';
import { walkthrough } from './routes/walkthrough.js';
import { showSource } from './routes/walkthrough-source.js';
import { sessions } from './session.js';
import type { SessionStore } from './session/store.js';

/**
 * Builds the app; it does not listen yet.
 *
 * @param config from {@link loadConfig}
 * @param log where its lines go
 * @param store where sessions are kept
 * @param notice shown on every page where a sandbox stands in
 */
export function createApp(
  config: Config,
  log: Logger,
  store: SessionStore,
  notice?: Notice,
): Express {
  const client = createProviderClient(
    config.upstreamTimeoutMs,
    ({ origin }) => config.proxies[origin],
  );
  const rally = createRally(config);
  const gocd = createGoCD(config);
  const providers = [rally, gocd].filter((provider) => provider !== undefined);
  const offers = [
    [RALLY, rally],
    [GOCD, gocd],
  ] as const;

  const ofRally = routesOf(RALLY, rally);
  const ofGoCD = routesOf(GOCD, gocd);
  const signInAtRally = signInRoutesOf(RALLY, rally);
  const signInAtGoCD = signInRoutesOf(GOCD, gocd);
  const limit = limitSignIns(config.rateLimitPerMinute, log, store.rateLimits);
  const formOfOurs = refuseForgedForms(config.serverUrl);

  const app = express();
  configureExpress(app, config, notice);
  const route = addPathsTo(app);

  app.use(securityHeaders(config.isHttps));
  app.use(requestLog(log));
  route('/healthz', { get: [healthz] });
  route('/readyz', { get: [readyz(store)] });
  app.use(
    '/public',
    staticFiles(
      // SECURITY.md F5: a folder that holds nothing but what browsers may have.
      join(import.meta.dirname, '../public'),
    ),
  );
  app.use(upstream(client));
  app.use(sessions(config, store));

  // 0. Both providers, connected or not.
  route('/', { get: [home(offers)] });

  // 1. To the provider. /login alone is the older sample apps' route: Rally, or the only provider.
  route('/login', {
    onlyGet: gocd && !rally ? signInAtGoCD([limit], login) : signInAtRally([limit], login),
  });
  route('/login/rally', { onlyGet: signInAtRally([limit], login) });
  route('/login/gocd', { onlyGet: signInAtGoCD([limit], login) });

  // 2 and 3. Back from the provider, and the code for a token.
  route('/oauth-redirect', { onlyGet: signInAtRally([limit], oauthRedirect) });
  route('/oauth-redirect/gocd', { onlyGet: signInAtGoCD([limit], oauthRedirect) });

  // 4. What the token opens.
  route('/rally', { get: ofRally([], showWork) });
  route('/rally/counts', { get: ofRally([], countWork) });
  route('/rally/choices', { get: ofRally([], showChoices) });
  route('/rally/export.csv', { get: ofRally([compression()], exportAs(CSV)) });
  route('/rally/export.json', { get: ofRally([compression()], exportAs(JSON_ARRAY)) });
  route('/gocd', { get: ofGoCD([], showPipelines) });

  // In place of 1 to 3: an API key, or a personal access token.
  route('/rally/api-key', {
    get: ofRally([limit], ownCredentialPage),
    post: ofRally([limit, ...formOfOurs], useOwnCredential),
  });
  route('/gocd/access-token', {
    get: ofGoCD([limit], ownCredentialPage),
    post: ofGoCD([limit, ...formOfOurs], useOwnCredential),
  });

  // All of it again, message by message, beside the files that made it so.
  route('/walkthrough', { get: [walkthrough(offers)] });
  route('/walkthrough/src/*path', { get: [showSource] });

  // 5. Forgetting it.
  route('/logout', { get: [limit, logoutPage(providers)], post: [...formOfOurs, logout(config)] });
  route('/logout/rally', { post: ofRally(formOfOurs, logoutOf) });
  route('/logout/gocd', { post: ofGoCD(formOfOurs, logoutOf) });

  app.use(notFound);
  app.use(errors(config.serverUrl));
  return app;
}
