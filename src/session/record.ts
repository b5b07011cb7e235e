import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionMovedError } from '../errors.js';
import { generateToken } from '../middleware/csrf.js';
import type { SessionStore } from './store.js';
import { followed, formerIdOf } from './succession.js';

// express-session gives each request a copy of the session, and would write that copy back. Two
// requests at once then undo each other's changes: a state is lost, or works twice; a log-out is
// undone. So no request writes its copy. It changes what is in the store, one after the other.

/** Every session that is in the store has a CSRF token; express-session makes empty ones for all. */
export function hasRecord(request: Request): boolean {
  return typeof request.session.csrfToken === 'string';
}

/**
 * What a request may do to the session. It is given the data as they stand in the store, and whether
 * a sign-in has given the session another id since this request began: the former id may be one that
 * somebody planted in this browser, and what came after it is not for them (session fixation).
 */
type Change<Result> = (data: SessionData, hasMoved: boolean) => Result;

/** Where a request found its session last: a long one may come after its first id is forgotten. */
const lastSeenAt = new WeakMap<Request, string>();

function idOf(request: Request): string {
  return lastSeenAt.get(request) ?? request.sessionID;
}

/**
 * Changes the session as it is in the store now, whatever this request loaded when it began.
 *
 * @param change runs while no other change of this session does
 * @returns what `change` returned; undefined when there is no session, or another request ended it
 */
export async function changeSession<Result>(
  request: Request,
  change: Change<Result>,
): Promise<Result | undefined> {
  if (!hasRecord(request)) return undefined;
  const store = storeOf(request);
  return followed(store, idOf(request), (id) =>
    inTurn(store, id, async () => {
      const data = await store.read(id);
      if (!data) return undefined;
      lastSeenAt.set(request, id);
      const hasMoved = id !== request.sessionID;
      const result = change(data, hasMoved);
      await store.write(id, data);
      // A request with the former id must not see what the session holds under the new one.
      if (!hasMoved) request.sessionStore.createSession(request, data);
      return { found: result };
    }),
  );
}

/** Reads the session as it is in the store now; undefined when there is none any more. */
export async function readSession(request: Request): Promise<SessionData | undefined> {
  if (!hasRecord(request)) return undefined;
  const store = storeOf(request);
  return followed(store, idOf(request), async (id) => {
    const found = await store.read(id);
    if (found) lastSeenAt.set(request, id);
    return found && { found };
  });
}

/**
 * As {@link changeSession}; makes a session where there is none.
 *
 * @throws {SessionMovedError} when the browser has another one and does not know it yet
 */
export async function changeOrStartSession(
  request: Request,
  change: (data: SessionData) => void,
): Promise<void> {
  const isDone = await changeSession(request, (data) => {
    change(data);
    return true;
  });
  if (isDone) return;
  // The cookie of a new session would take the place of the one that is on its way to this browser,
  // and sign out whoever has just signed in.
  const former = formerIdOf(request);
  if (former !== undefined && (await find(storeOf(request), former))) {
    throw new SessionMovedError('the session has another id now');
  }
  // The id of its recording stays the same when the session's own changes.
  await writeAnew(request, { recordingId: randomUUID() }, change);
}

/**
 * Changes the session and gives it a new id; the former one is dead. A request that is under way
 * with the former id may still change the session, but is not told the new id: it might belong to
 * whoever planted the former one.
 *
 * @returns what `change` returned; undefined when there is no session, or it was ended
 */
export async function moveSession<Result>(
  request: Request,
  change: Change<Result>,
): Promise<Result | undefined> {
  const former = request.sessionID;
  const store = storeOf(request);
  const moved = await inTurn(store, former, async () => {
    const data = hasRecord(request) ? await store.read(former) : undefined;
    if (!data) return undefined;
    // The new record first, then the end of the old one: a store that goes away between the two
    // signs nobody out.
    const result = await writeAnew(request, data, (copy) => change(copy, false));
    await store.rememberSuccessor(former, request.sessionID);
    // SECURITY.md D1: an id that was planted before the sign-in is useless (session fixation).
    await store.end(former);
    return { result };
  });
  // Or another sign-in of this browser moved it a moment ago: what was gained here joins it there.
  return moved ? moved.result : changeSession(request, change);
}

/** Ends the session in the store, also when sign-ins have given it new ids since. */
export async function endSession(request: Request): Promise<void> {
  const store = storeOf(request);
  // Each id in its turn: a change, or a sign-in, that is under way there would bring it back.
  await followed(store, request.sessionID, (id) => inTurn(store, id, () => store.end(id)));
  Reflect.deleteProperty(request, 'session');
}

/** Writes a record under a new id, and gives it to this request: its cookie is sent with the answer. */
async function writeAnew<Result>(
  request: Request,
  from: Partial<SessionData>,
  change: (data: SessionData) => Result,
): Promise<Result> {
  const { sessionID, session } = request;
  request.sessionStore.generate(request);
  const { cookie, csrfToken, ...data } = from;
  Object.assign(request.session, data);
  generateToken(request);
  const result = change(request.session);
  try {
    await storeOf(request).write(request.sessionID, request.session);
    lastSeenAt.set(request, request.sessionID);
    return result;
  } catch (error) {
    // A cookie with an id that is in no store would sign this browser out.
    Object.assign(request, { sessionID, session });
    throw error;
  }
}

async function find(store: SessionStore, first: string): Promise<SessionData | undefined> {
  return followed(store, first, async (id) => {
    const data = await store.read(id);
    return data && { found: data };
  });
}

/**
 * When others may change a session whose change has not ended: more than a store that is well needs for
 * reading a record and writing it back.
 */
export const CHANGE_MS = 5_000;

async function inTurn<Result>(
  store: SessionStore,
  id: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return store.oneAtATime(`session:${id}`, CHANGE_MS, work);
}

export function storeOf({ sessionStore }: Request): SessionStore {
  return sessionStore as unknown as SessionStore; // `sessions` gives express-session no other
}
