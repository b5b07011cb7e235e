import { randomBytes } from 'node:crypto';
import { csrfSync } from 'csrf-sync';
import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import type { SandboxPerson } from './people.js';

declare module 'express-session' {
  interface SessionData {
    userName?: string;
  }
}

const MemoryStore = createMemoryStore(session);
const SESSION_MS = 8 * 60 * 60 * 1000;

/** How people sign in at one of the two providers. */
export interface Login {
  /** Sessions, the login page and its form. Stands before the pages that ask who somebody is. */
  readonly router: Router;
  /** Reads a posted form, and refuses one that is not from a page of this provider. */
  readonly ownForm: RequestHandler[];
  /** Who is signed in, if anybody. */
  personAt(request: Request): SandboxPerson | undefined;
  /** Where to send somebody who must sign in first; they come back to the address they asked for. */
  loginUrl(request: Request): string;
  /** The token that forms of this session must send back. */
  csrfTokenOf(request: Request): string;
}

export interface LoginOptions {
  readonly provider: 'rally' | 'gocd';
  readonly people: readonly SandboxPerson[];
  /** The paths below which a session of this provider exists. */
  readonly below: readonly string[];
  /** The login page. */
  readonly path: string;
  /** The paths to which a person may be returned after signing in. */
  readonly returnTo: readonly string[];
}

/** Makes the login page of one provider, with sessions of its own. */
export function createLogin({ provider, people, below, path, returnTo }: LoginOptions): Login {
  const csrf = csrfSync({
    getTokenFromRequest: ({ body }) => (body as { csrf_token?: string } | undefined)?.csrf_token,
  });
  const sessions = session({
    // Of its own name: cookies do not know ports, and the app's cookie lives on the same host.
    name: `sandbox_${provider}`,
    secret: randomBytes(32).toString('hex'),
    store: new MemoryStore({ max: 10_000, checkPeriod: 60_000 }),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: SESSION_MS },
  });
  const forged = provider === 'gocd' ? 422 : 403; // GoCD: what Rails answers
  const mine = people.filter((person) => person.provider === provider);
  const returnAddress = (value: unknown) =>
    typeof value === 'string' && returnTo.some((allowed) => value.startsWith(`${allowed}?`))
      ? value
      : '/';
  const renderLogin = (request: Request, response: Response, back: string, failed: boolean) => {
    response.render('login', {
      title: 'Log in',
      provider,
      people: mine,
      action: path,
      returnTo: back,
      csrfToken: login.csrfTokenOf(request),
      failed,
    });
  };

  const login: Login = {
    router: Router(),
    ownForm: [
      express.urlencoded({ extended: false, limit: '20kb' }),
      (request, response, next) => {
        if (csrf.isRequestValid(request)) next();
        else
          response.status(forged).render('error', { title: 'Forged or outdated form', provider });
      },
    ],
    personAt: (request) => mine.find(({ userName }) => userName === request.session.userName),
    loginUrl: (request) =>
      `${path}?${new URLSearchParams({ return_to: request.originalUrl }).toString()}`,
    csrfTokenOf: (request) => csrf.generateToken(request),
  };

  login.router.use([...below], sessions);
  login.router.get(path, (request, response) => {
    renderLogin(request, response, returnAddress(request.query['return_to']), false);
  });
  login.router.post(path, login.ownForm, (request: Request, response: Response) => {
    const form = request.body as Record<string, unknown>;
    const back = returnAddress(form['return_to']);
    const person = mine.find(
      ({ userName, password }) => userName === form['username'] && password === form['password'],
    );
    if (!person) {
      renderLogin(request, response.status(401), back, true);
      return;
    }
    request.session.regenerate(() => {
      request.session.userName = person.userName;
      response.redirect(303, back);
    });
  });
  return login;
}
