import type { Request } from 'express';
import type { PendingSignIn } from '../oauth/authorization-response.js';
import { noteSignIn } from '../walkthrough/recorder.js';
import { changeOrStartSession, changeSession } from './record.js';

/** SECURITY.md G6: bounds a session, however many sign-ins a browser starts. */
const MOST_PENDING_SIGN_INS = 20;

/** A sign-in that the browser has begun and not yet finished. There may be several: tabs. */
export interface KeptSignIn extends PendingSignIn {
  /** One of this app's own pages. */
  readonly returnTo: string;
}

/** Remembers a sign-in until the browser comes back with its state. */
export async function rememberSignIn(request: Request, signIn: KeptSignIn): Promise<void> {
  await changeOrStartSession(request, (data) => {
    data.pendingSignIns = [...(data.pendingSignIns ?? []), signIn].slice(-MOST_PENDING_SIGN_INS);
  });
}

/**
 * Takes a sign-in out of the session, so that its state works once, however many requests arrive
 * with it at the same moment.
 *
 * @param redirectUri where the browser arrived. A sign-in that waits for it elsewhere, at the other
 *   provider's, stays where its own redirect finds it
 * @returns undefined when this browser has no such sign-in under way
 */
export async function takeSignIn(
  request: Request,
  redirectUri: string,
  state: string,
): Promise<KeptSignIn | undefined> {
  const taken = await changeSession(request, (data) => {
    const signIn = data.pendingSignIns?.find(
      (pending) =>
        // SECURITY.md A10: a state counts at its own provider's redirect URI alone.
        pending.redirectUri === redirectUri &&
        // SECURITY.md A6: a forged redirect must not use up a sign-in.
        pending.state === state,
    );
    // SECURITY.md A5: a state works once (RFC 9700 §4.2.4).
    data.pendingSignIns = data.pendingSignIns?.filter((pending) => pending !== signIn) ?? [];
    return signIn;
  });
  if (taken) noteSignIn(request, taken);
  return taken;
}
