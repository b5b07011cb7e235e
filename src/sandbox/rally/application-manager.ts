// Rally Application Manager: its three tabs are one page, and what stands behind the # chooses the
// tab (Rally's README links to #/apps, #/keys and #/clients). Each tab's forms are in a file of its
// own; the words on them are those of the manager's documentation.
import { Router, type Request, type Response } from 'express';
import { takeNotice } from '../browser-session.js';
import type { Login } from '../login.js';
import type { World } from '../world.js';
import { API_KEYS_ARE_DISABLED } from './api-keys.js';
import { apiKeysTab } from './api-keys-tab.js';
import { applicationsTab } from './applications-tab.js';
import { clientsTab } from './clients-tab.js';
import type { RallyPerson } from './people.js';

const PAGE = '/login/accounts/index.html';

export type Tab = 'apps' | 'keys' | 'clients';

/** What a form's handler needs of the page around it. */
export interface Manager {
  readonly personOf: (response: Response) => RallyPerson;
  /** Back to a tab, which says what was done. */
  readonly done: (request: Request, response: Response, tab: Tab, text: string) => void;
  /** The page again, with what was entered and what is wrong with it: nothing is lost. */
  readonly refuse: (request: Request, response: Response, refusal: Refusal) => void;
  /** The thing that a form is about is not there, or is somebody else's. */
  readonly notFound: (response: Response) => void;
}

export interface Refusal {
  readonly status: 400 | 403;
  readonly text: string;
  readonly tab: Tab;
  /** Which form: the path that it is sent to. */
  readonly form: string;
  readonly entered: Readonly<Record<string, string>>;
}

export function applicationManager(
  { rally }: World,
  login: Login<RallyPerson>,
  origin: string,
): Router {
  const router = Router();

  const [sampleClient] = rally.clients;
  const render = (request: Request, response: Response, refusal?: Refusal) => {
    const person = login.personOf(response);
    response.render('application-manager', {
      title: 'Rally Application Manager',
      provider: 'rally',
      person,
      origin,
      csrf: login.csrfOf(request),
      notice: takeNotice(request),
      refusal,
      grants: rally.grants.of(person),
      keys: rally.apiKeys.visibleTo(person),
      areKeysEnabled: rally.apiKeys.areEnabled,
      disabledMessage: API_KEYS_ARE_DISABLED,
      clients: rally.clients.filter(({ owner }) => owner === person),
      sampleClient,
    });
  };

  const manager: Manager = {
    personOf: login.personOf,
    done: (request, response, tab, text) => {
      request.session.notice = { text, place: tab };
      response.redirect(303, `${PAGE}#/${tab}`);
    },
    refuse: (request, response, refusal) => {
      render(request, response.status(refusal.status), refusal);
    },
    notFound: (response) => {
      response.status(404).render('error', {
        title: 'It is not there any more',
        provider: 'rally',
        happened:
          'Somebody may have deleted it in another window. Go back and load the page again.',
      });
    },
  };

  router.use('/login/accounts', login.required);
  router.get(PAGE, (request, response) => {
    render(request, response);
  });
  // Where a refused form was sent to: somebody may load that address again.
  router.get('/login/accounts/{*form}', (_request, response) => {
    response.redirect(302, PAGE);
  });
  router.post('/login/accounts/{*form}', login.ownForm);
  router.use(
    '/login/accounts',
    applicationsTab(rally, manager),
    apiKeysTab(rally, manager),
    clientsTab(rally, manager),
  );
  return router;
}
