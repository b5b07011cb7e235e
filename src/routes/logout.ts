// Forgetting tokens. GET /logout only shows the button: a link, an image or a prefetch must not be
// able to sign anybody out. Neither provider documents a revocation endpoint (RFC 7009), so what was
// given stays until the person removes it there; the page says where.
import type { RequestHandler } from 'express';
import type { Config } from '../config.js';
import type { Provider } from '../providers/provider.js';
import { csrfTokenOf, forgetEverything } from '../session.js';
import { connectionTo, disconnect } from '../session/connections.js';

export function logoutPage(providers: readonly Provider[]): RequestHandler {
  return async (request, response) => {
    response.render('logout', {
      title: 'Log out',
      connected: providers.flatMap((provider) => {
        const connection = connectionTo(request, provider.id);
        return connection ? [{ provider, kind: connection.kind }] : [];
      }),
      csrfToken: await csrfTokenOf(request),
    });
  };
}

export function logout(config: Config): RequestHandler {
  return async (request, response) => {
    await forgetEverything(request, response, config);
    response.redirect(303, '/');
  };
}

export function logoutOf(provider: Provider): RequestHandler {
  return async (request, response) => {
    await disconnect(request, provider.id);
    response.redirect(303, '/');
  };
}
