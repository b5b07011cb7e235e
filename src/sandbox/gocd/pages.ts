// GoCD's pages for people, all of them behind its login.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { takeNotice } from '../browser-session.js';
import type { Login } from '../login.js';
import type { World } from '../world.js';
import { accessTokens } from './access-tokens-page.js';
import { dashboard } from './dashboard.js';
import { oauthClients } from './oauth-clients.js';
import type { GocdPerson } from './people.js';
import { userTokens } from './user-tokens.js';

export interface Pages {
  readonly login: Login<GocdPerson>;
  /** Draws a page with GoCD's navigation, for whoever is logged in. */
  readonly show: (request: Request, response: Response, view: string, locals: Locals) => void;
  /** Lets the administrator through, and tells anybody else why not. */
  readonly administratorOnly: RequestHandler;
}

type Locals = Readonly<Record<string, unknown>> & { readonly title: string };

export function pages({ gocd }: World, login: Login<GocdPerson>, origin: string): Router {
  const all: Pages = {
    login,
    show: (request, response, view, locals) => {
      response.render(view, {
        provider: 'gocd',
        person: login.personOf(response),
        path: request.baseUrl + request.path,
        csrf: login.csrfOf(request),
        notice: takeNotice(request),
        ...locals,
      });
    },
    administratorOnly: (request, response, next) => {
      if (login.personOf(response).isAdministrator) next();
      else {
        all.show(request, response.status(403), 'gocd-refusal', {
          title: 'You are not authorized to access this resource!',
          reason: 'Only an administrator of this GoCD server may do this: here, admin.',
        });
      }
    },
  };
  const router = Router();
  router.use(
    ['/go/admin', '/go/oauth/admin', '/go/oauth/user_tokens', '/go/access_tokens'],
    login.required,
  );
  router.use(['/go/admin', '/go/oauth/admin'], all.administratorOnly);
  router.use(oauthClients(gocd, all, origin));
  router.use(userTokens(gocd, all));
  router.use(accessTokens(gocd, all));
  router.use(dashboard(gocd, all));
  return router;
}
