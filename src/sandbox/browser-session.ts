// Sessions and forms of the pages that people see. Each of the three sites in the sandbox (Rally,
// GoCD, its own console) has a cookie of its own.
import { randomBytes } from 'node:crypto';
import { csrfSync } from 'csrf-sync';
import express, { type Request, type RequestHandler } from 'express';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import type { Provider } from './people.js';

declare module 'express-session' {
  interface SessionData {
    userName?: string;
    /** What the next page says about what was just done. */
    notice?: {
      readonly text: string;
      /** Where, on a page with several parts. */ readonly place?: string;
    };
    /** What the console's form of failures was filled in with last. */
    filledIn?: Readonly<Record<string, unknown>>;
  }
}

const MemoryStore = createMemoryStore(session);
const SESSION_MS = 8 * 60 * 60 * 1000;

/** The sandbox itself has a console. */
export type Site = Provider | 'sandbox';

export interface BrowserSession {
  /** Stands before every page below the paths of this site. */
  readonly sessions: RequestHandler;
  /** Reads a posted form, and refuses one that is not from a page of this site. */
  readonly ownForm: RequestHandler[];
  /** The name of the form field with the token, and its value in this session. */
  readonly csrfOf: (request: Request) => { readonly field: string; readonly token: string };
}

export function createBrowserSession(site: Site): BrowserSession {
  // GoCD: the name of the field and the status as in Rails.
  const [field, forged] = site === 'gocd' ? ['authenticity_token', 422] : ['csrf_token', 403];
  const csrf = csrfSync({
    getTokenFromRequest: ({ body }) => (body as Record<string, string> | undefined)?.[field],
  });
  return {
    sessions: session({
      // Cookies do not know ports, and the app's cookie lives on the same host.
      name: `sandbox_${site}`,
      secret: randomBytes(32).toString('hex'),
      store: new MemoryStore({ max: 10_000, checkPeriod: 60_000 }),
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', maxAge: SESSION_MS },
    }),
    ownForm: [
      express.urlencoded({ extended: false, limit: '20kb' }),
      (request, response, next) => {
        if (csrf.isRequestValid(request)) next();
        else {
          response.status(forged).render('error', {
            title: 'Forged or outdated form',
            provider: site,
            happened:
              'Nothing was changed. Load the page with the form again, and send it from there.',
          });
        }
      },
    ],
    csrfOf: (request) => ({ field, token: csrf.generateToken(request) }),
  };
}

/** Takes the notice that the last action left. */
export function takeNotice({ session }: Request) {
  const { notice } = session;
  delete session.notice;
  return notice;
}
