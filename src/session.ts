import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Config } from './config.js';
import { PROVIDER_IDS, type ProviderId } from './providers/provider.js';
import type { Connection } from './session/connection.js';
import { changeOrStartSession, endSession, hasRecord, storeOf } from './session/record.js';
import type { KeptSignIn } from './session/sign-ins.js';
import type { SessionStore } from './session/store.js';
import { newId } from './session/succession.js';
import { recordTo } from './walkthrough/recorder.js';
import { forgetRecordings } from './walkthrough/recordings.js';

declare module 'express-session' {
  interface SessionData {
    // csrfToken: declared by csrf-sync
    /** Where the walkthrough keeps what it shows of this session. */
    recordingId?: string;
    /** Oldest first. */
    pendingSignIns?: KeptSignIn[];
    connections?: Partial<Record<ProviderId, Connection>>;
  }
}

/** Sessions as Express middleware: a signed random id in a cookie, everything else on our side. */
export function sessions(config: Config, store: SessionStore): RequestHandler[] {
  const { name, secure } = cookie(config);
  const middleware = session({
    name,
    genid: newId,
    secret: [...config.sessionSecrets],
    store,
    resave: false, // an unchanged session is not written back: that would undo another request's
    saveUninitialized: false, // SECURITY.md D4: someone who only looks around gets no cookie
    cookie: {
      path: '/',
      httpOnly: true, // SECURITY.md D3: out of reach of scripts
      // SECURITY.md D3: sent with the provider's redirect, but not with another site's POST.
      sameSite: 'lax',
      secure,
      // No expiry: the store ends an idle session. A rolling one would be sent with every answer,
      // and a slow answer could bring back the id that a sign-in in another tab has just replaced.
    },
  });
  return [recordTo(store.recordings), middleware];
}

function cookie({ isHttps }: Config): { name: string; secure: boolean } {
  return isHttps
    ? {
        name: '__Host-sid', // SECURITY.md D3: a sibling domain cannot plant a cookie of this name
        secure: true, // SECURITY.md D3: never sent over plain http
      }
    : { name: 'sid', secure: false };
}

/** Ends the session on the server, and takes its cookie from the browser. */
export async function forgetEverything(
  request: Request,
  response: Response,
  config: Config,
): Promise<void> {
  const { session } = request;
  // SECURITY.md D6: a copied cookie is useless after the log-out.
  await endSession(request);
  await forgetRecordings(storeOf(request), session, PROVIDER_IDS);
  const { name, secure } = cookie(config);
  response.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure });
}

/** The token that this session's forms must send back. Makes a session where there is none. */
export async function csrfTokenOf(request: Request): Promise<string> {
  if (!hasRecord(request)) await changeOrStartSession(request, () => undefined);
  return request.session.csrfToken ?? '';
}
