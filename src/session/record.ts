import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionRenewedError } from '../errors.js';
import { generateToken } from '../middleware/csrf.js';
import type { SessionStore } from './store.js';

// express-session gives each request a copy of the session, and would write that copy back. Two
// requests at once then undo each other's changes: a state is lost, or works twice; a log-out is
// undone. So no request changes its copy. It changes what is in the store, one after the other.

/** Every session that is in the store has a CSRF token; express-session makes empty ones for all. */
export function isKept(request: Request): boolean {
  return typeof request.session.csrfToken === 'string';
}

/**
 * Changes the session as it is in the store now, whatever this request loaded when it began.
 *
 * @param make changes the data it is given; runs while no other change of this session does
 * @returns what `make` returned; undefined when there is no session, or another request ended it
 */
export async function changeSession<Result>(
  request: Request,
  make: (data: SessionData) => Result,
): Promise<Result | undefined> {
  if (!isKept(request)) return undefined;
  const store = storeOf(request);
  return oneAtATime(store, request.sessionID, async () => {
    if (await reload(request)) {
      const result = make(request.session);
      await promisify(request.session.save.bind(request.session))();
      return result;
    }
    const successor = await store.successorOf(request.sessionID);
    return successor === undefined
      ? undefined
      : oneAtATime(store, successor, () => changeStored(store, successor, make));
  });
}

/** Reads the session as it is in the store now; undefined when there is none any more. */
export async function readSession(request: Request): Promise<SessionData | undefined> {
  if (!isKept(request)) return undefined;
  const store = storeOf(request);
  const data = await promisify(store.get.bind(store))(request.sessionID);
  if (data) return data;
  const successor = await store.successorOf(request.sessionID);
  if (successor === undefined) return undefined;
  return (await promisify(store.get.bind(store))(successor)) ?? undefined;
}

/**
 * As {@link changeSession}; makes a session where there is none.
 *
 * @throws {SessionRenewedError} when the browser has another one and does not know it yet
 */
export async function changeOrStartSession(
  request: Request,
  make: (data: SessionData) => void,
): Promise<void> {
  const isDone = await changeSession(request, (data) => {
    make(data);
    return true;
  });
  if (isDone) return;
  await refuseFormerId(request);
  if (isKept(request)) await promisify(request.session.regenerate.bind(request.session))();
  generateToken(request);
  make(request.session);
  await promisify(request.session.save.bind(request.session))();
}

const idsWithoutRecord = new WeakMap<Request, string>();

/** Makes an id, for a request that came without one or with one that no record has any more. */
export function newId(request: Request): string {
  if (request.sessionID) idsWithoutRecord.set(request, request.sessionID);
  return randomBytes(24).toString('base64url');
}

/**
 * The cookie of a new session would take the place of the one that is on its way to this browser, and
 * sign out whoever has just signed in.
 */
async function refuseFormerId(request: Request): Promise<void> {
  const former = idsWithoutRecord.get(request);
  if (former !== undefined && (await storeOf(request).successorOf(former)) !== undefined) {
    throw new SessionRenewedError('the session has another id now');
  }
}

/**
 * Changes the session and gives it a new id; the former one is dead. A request that is under way
 * with the former id may still change the session, but is not told the new id: it might belong to
 * whoever planted the former one.
 *
 * @param make changes the data; nothing happens when there is no session, or it was ended
 */
export async function renewSession(
  request: Request,
  make: (data: SessionData) => void,
): Promise<void> {
  const former = request.sessionID;
  const store = storeOf(request);
  const isRenewed = await oneAtATime(store, former, async () => {
    if (!isKept(request) || !(await reload(request))) return false;
    const { cookie, csrfToken, ...data } = request.session;
    // The new record first, then the end of the old one: a store that goes away between the two
    // signs nobody out.
    request.sessionStore.generate(request);
    Object.assign(request.session, data);
    generateToken(request);
    make(request.session);
    await promisify(request.session.save.bind(request.session))();
    await store.rememberSuccessor(former, request.sessionID);
    await promisify(store.destroy.bind(store))(former);
    return true;
  });
  // Another sign-in of this browser renewed it a moment ago: what was gained here joins it there.
  if (!isRenewed) await changeSession(request, make);
}

/** Ends the session in the store, also when a sign-in has just given it a new id. */
export async function endSession(request: Request): Promise<void> {
  const { sessionID } = request;
  const store = storeOf(request);
  await oneAtATime(store, sessionID, async () => {
    await promisify(request.session.destroy.bind(request.session))();
    const successor = await store.successorOf(sessionID);
    if (successor) await promisify(store.destroy.bind(store))(successor);
  });
}

/** @returns false when another request has ended the session */
async function reload(request: Request): Promise<boolean> {
  try {
    await promisify(request.session.reload.bind(request.session))();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === 'failed to load session') return false;
    throw error;
  }
}

async function changeStored<Result>(
  store: SessionStore,
  id: string,
  make: (data: SessionData) => Result,
): Promise<Result | undefined> {
  const data = await promisify(store.get.bind(store))(id);
  if (!data) return undefined;
  const result = make(data);
  await promisify(store.set.bind(store))(id, data);
  return result;
}

/** As long as a request with the former id can be under way. */
export const SUCCESSION_MS = 30_000;

/** Reading a record, and writing it back: more than a store that is well needs for both. */
const CHANGE_MS = 5_000;

async function oneAtATime<Result>(
  store: SessionStore,
  id: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return store.oneAtATime(`session:${id}`, CHANGE_MS, work);
}

export function storeOf({ sessionStore }: Request): SessionStore {
  return sessionStore as unknown as SessionStore; // session.ts gives express-session no other
}
