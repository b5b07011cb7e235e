import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Request } from 'express';
import type { SessionData } from 'express-session';

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
 * @returns what `make` returned
 */
export async function changeSession<Result>(
  request: Request,
  make: (data: SessionData) => Result,
): Promise<Result> {
  return oneAtATime(request.sessionID, async () => {
    if (isKept(request)) await reload(request);
    request.session.csrfToken ??= newCsrfToken();
    const result = make(request.session);
    await promisify(request.session.save.bind(request.session))();
    return result;
  });
}

/**
 * Gives the session a new id; the former one is dead.
 *
 * @param carryOver what the new session takes of the former one's data
 */
export async function renewSession(
  request: Request,
  carryOver: (former: SessionData) => Partial<SessionData>,
): Promise<void> {
  await oneAtATime(request.sessionID, async () => {
    if (isKept(request)) await reload(request);
    const data = carryOver(request.session);
    await promisify(request.session.regenerate.bind(request.session))();
    Object.assign(request.session, data, { csrfToken: newCsrfToken() });
    await promisify(request.session.save.bind(request.session))();
  });
}

/** Ends the session in the store. */
export async function endSession(request: Request): Promise<void> {
  await oneAtATime(request.sessionID, () =>
    promisify(request.session.destroy.bind(request.session))(),
  );
}

async function reload(request: Request): Promise<void> {
  try {
    await promisify(request.session.reload.bind(request.session))();
  } catch (error) {
    if (!(error instanceof Error && error.message === 'failed to load session')) throw error;
    // Another request ended it. What this one still holds of it must not come back to life.
    await promisify(request.session.regenerate.bind(request.session))();
  }
}

function newCsrfToken(): string {
  return randomBytes(16).toString('base64url');
}

const queues = new Map<string, Promise<unknown>>();

async function oneAtATime<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
  const mine = (queues.get(id) ?? Promise.resolve()).then(work, work);
  queues.set(id, mine);
  try {
    return await mine;
  } finally {
    if (queues.get(id) === mine) queues.delete(id);
  }
}
