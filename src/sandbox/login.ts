import { Router, type Request, type RequestHandler, type Response } from 'express';
import { createBrowserSession, type BrowserSession } from './browser-session.js';
import { registeredRedirectUri, type SandboxClient } from './clients.js';
import type { Clock } from './clock.js';
import type { Person, Provider } from './people.js';
import { allowFormsTo } from './security-headers.js';

/** How people sign in at one of the two providers. */
export interface Login<Somebody extends Person> extends Omit<BrowserSession, 'sessions'> {
  /** Sessions, the login page and its form. Stands before the pages that ask who somebody is. */
  readonly router: Router;
  /** Who is signed in, if anybody. */
  readonly personAt: (request: Request) => Somebody | undefined;
  /** Lets a signed-in person through, and sends anybody else to the login page. */
  readonly required: RequestHandler;
  /** The person that {@link required} let through. */
  readonly personOf: (response: Response) => Somebody;
}

export interface LoginOptions<Somebody extends Person> {
  readonly provider: Provider;
  readonly people: readonly Somebody[];
  readonly clients: readonly SandboxClient[];
  readonly clock: Clock;
  /** The paths below which a session of this provider exists. */
  readonly below: readonly string[];
  /** The login page. */
  readonly path: string;
  readonly logoutPath: string;
  /** Where somebody lands who was not sent here from another page. */
  readonly landing: string;
}

/** Any base: addresses of our own are compared below it. */
const SANDBOX = 'http://sandbox';

/** Makes the login page of one provider, with sessions of its own. */
export function createLogin<Somebody extends Person>(
  options: LoginOptions<Somebody>,
): Login<Somebody> {
  const { provider, people, clients, clock, below, path, logoutPath, landing } = options;
  const { sessions, ownForm, csrfOf } = createBrowserSession(provider);
  const renderLogin = (request: Request, response: Response, back: string, failure?: string) => {
    // Logging in may lead on to the client at once: where a grant stands, nobody is asked.
    const redirectUri = registeredRedirectUri(clients, new URL(back, SANDBOX).searchParams);
    if (redirectUri !== undefined) allowFormsTo(response, redirectUri);
    response.render('login', {
      title: 'Log in',
      provider,
      people,
      returnTo: back,
      csrf: csrfOf(request),
      failure,
    });
  };

  const login: Login<Somebody> = {
    router: Router(),
    ownForm,
    csrfOf,
    personAt: ({ session }) =>
      people.find(({ userName, status }) => userName === session.userName && status === 'active'),
    required: (request, response, next) => {
      const person = login.personAt(request);
      response.locals['person'] = person;
      if (person) next();
      else {
        // After a form there is no page to come back to.
        const returnTo = request.method === 'POST' ? landing : request.originalUrl;
        const query = new URLSearchParams({ return_to: returnTo }).toString();
        response.redirect(302, `${path}?${query}`);
      }
    },
    personOf: ({ locals }) => locals['person'] as Somebody,
  };

  login.router.use([...below], sessions);
  login.router.get(path, (request, response) => {
    if (login.personAt(request) && request.query['return_to'] === undefined) {
      response.redirect(303, landing);
      return;
    }
    renderLogin(request, response, returnAddress(request.query['return_to'], below, landing));
  });
  login.router.post(path, ownForm, (request: Request, response: Response) => {
    const form = request.body as Record<string, unknown>;
    const back = returnAddress(form['return_to'], below, landing);
    const person = people.find(
      ({ userName, password, status }) =>
        status !== 'deleted' && userName === form['username'] && password === form['password'],
    );
    if (person?.status !== 'active') {
      const failure = person
        ? 'This account is disabled.'
        : 'That user name and password do not go together.';
      renderLogin(request, response.status(401), back, failure);
      return;
    }
    person.lastSignedInAt = clock.now();
    request.session.regenerate(() => {
      request.session.userName = person.userName;
      response.redirect(303, back);
    });
  });
  login.router.post(logoutPath, ownForm, (request: Request, response: Response) => {
    request.session.destroy(() => {
      response.redirect(303, path);
    });
  });
  return login;
}

/**
 * Only to a page of this provider. It is read as a browser would read it: `/login/..//elsewhere` and
 * `/\elsewhere` begin with the right letters, too.
 */
function returnAddress(value: unknown, below: readonly string[], landing: string): string {
  if (typeof value !== 'string' || !URL.canParse(value, SANDBOX)) return landing;
  const url = new URL(value, SANDBOX);
  const isOurs = below.some((folder) => url.pathname.startsWith(`${folder}/`));
  const isAsWritten = value.split(/[?#]/)[0] === url.pathname;
  return url.origin === SANDBOX && isOurs && isAsWritten ? url.pathname + url.search : landing;
}
