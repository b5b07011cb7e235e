// A sign-in gives a session another id, and requests with the former one may be under way.
import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import type { SessionStore } from './store.js';

/** As long as a request with the former id can be under way. */
export const SUCCESSION_MS = 30_000;

/** Sign-ins that one browser may end within {@link SUCCESSION_MS}. */
const MOST_SUCCESSORS = 20;

/**
 * Looks for a session under the id that a request came with, then under those it has had since.
 *
 * @param look returns undefined where there is no session under this id; the next one is then tried
 */
export async function followed<Found>(
  store: SessionStore,
  first: string,
  look: (id: string) => Promise<{ found: Found } | undefined>,
): Promise<Found | undefined> {
  let id: string | undefined = first;
  for (let count = 0; id !== undefined && count < MOST_SUCCESSORS; count++) {
    const result = await look(id);
    if (result) return result.found;
    id = await store.successorOf(id);
  }
  return undefined;
}

const idsWithoutRecord = new WeakMap<Request, string>();

/** An id for a request that came without one, or with one that no record has any more. */
export function newId(request: Request): string {
  if (request.sessionID) idsWithoutRecord.set(request, request.sessionID);
  return randomBytes(24).toString('base64url');
}

/** The id that a request came with and that no record has any more. */
export function formerIdOf(request: Request): string | undefined {
  return idsWithoutRecord.get(request);
}
