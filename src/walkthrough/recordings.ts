import type { Request } from 'express';
import type { SessionData } from 'express-session';
import type { ProviderId } from '../providers/provider.js';
import { storeOf } from '../session/record.js';
import type { SessionStore } from '../session/store.js';
import type { RecordedRefresh, Recording } from './recording.js';

/** Where one recording is. The id is random, and its session's own. */
export interface Place {
  readonly id: string;
  readonly provider: ProviderId;
}

/** Which browser's request writes there. */
export interface Writer extends Place {
  /** Milliseconds since 1970. */
  readonly arrivedAt: number;
}

/** How long a forgotten place refuses pages from before: all that are under way end within 25 s. */
export const FORGETTING_MS = 60_000;

/** How many refreshes are kept: each has the place of the one that came so many before. */
const MOST_REFRESHES = 5;

/** A recording is kept in parts, each of which is replaced as a whole. */
export type Part = Exclude<keyof Recording, 'refreshes'> | `refresh-${number}`;

export type Parts = Readonly<Partial<Record<Part, unknown>>>;

/**
 * Keeps recordings where sessions are kept. Nothing is read before it is written: requests of one
 * session at the same moment need no lock. A request that arrived before its recording was begun or
 * forgotten writes nothing: what a person has had forgotten stays forgotten, however late the pages
 * are that were under way.
 */
export interface Recordings {
  /** Keeps a part, and forgets all others of this recording. */
  begin(writer: Writer, part: Part, value: object): Promise<void>;
  /** Keeps a part in place of the former one of this name. */
  keep(writer: Writer, part: Part, value: object): Promise<void>;
  /** Keeps a part unless there is one of this name. */
  keepFirst(writer: Writer, part: Part, value: object): Promise<void>;
  read(place: Place): Promise<Parts>;
  forget(place: Place): Promise<void>;
}

/** @param count which refresh it was since the sign-in */
export function partOf({ count }: { readonly count: number }): Part {
  return `refresh-${count % MOST_REFRESHES}`;
}

/** What is kept of this session and a provider. Who has no session costs the store nothing. */
export async function recordingOf(request: Request, provider: ProviderId): Promise<Recording> {
  const { recordingId: id } = request.session;
  const parts = id === undefined ? {} : await storeOf(request).recordings.read({ id, provider });
  const refreshes = Object.entries(parts)
    .filter(([name]) => name.startsWith('refresh-'))
    .map(([, value]) => value as RecordedRefresh)
    .sort((a, b) => a.count - b.count);
  return { ...(parts as Omit<Recording, 'refreshes'>), refreshes };
}

/** Forgets what is kept of a session and some providers. */
export async function forgetRecordings(
  { recordings }: SessionStore,
  { recordingId: id }: Partial<SessionData>,
  providers: readonly ProviderId[],
): Promise<void> {
  if (id === undefined) return;
  // SECURITY.md D10: a log-out deletes what the walkthrough shows, too.
  await Promise.all(providers.map((provider) => recordings.forget({ id, provider })));
}
