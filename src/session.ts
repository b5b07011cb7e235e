import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Config } from './config.js';
import { SessionEndedError } from './errors.js';
import type { PendingSignIn } from './oauth/authorization-response.js';
import type { Tokens } from './oauth/token-request.js';
import {
  PROVIDER_IDS,
  type Credential,
  type Person,
  type ProviderId,
} from './providers/provider.js';
import {
  changeOrStartSession,
  changeSession,
  endSession,
  isKept,
  readSession,
  renewSession,
  storeOf,
} from './session/record.js';
import type { SessionStore } from './session/store.js';
import { newId } from './session/succession.js';
import { noteSignIn, recordTo } from './walkthrough/recorder.js';
import { forgetRecordings } from './walkthrough/recordings.js';

/** A sign-in that the browser has begun and not yet finished. There may be several: tabs. */
export interface KeptSignIn extends PendingSignIn {
  /** One of this app's own pages. */
  readonly returnTo: string;
}

/** What lets us act for a person at one provider. Never leaves the server. */
export interface Connection extends Credential {
  /** Stays the same when the token is renewed. */
  readonly id: string;
  readonly refreshToken?: string;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** When the access token was given: later than the connection, if it was renewed. */
  readonly renewedAt: number;
  /** How often it was renewed; absent where never. */
  readonly refreshes?: number;
  /** Milliseconds since 1970; absent where the provider does not say. */
  readonly expiresAt?: number;
}

/** What a connection keeps of a token answer. */
export function connectionFrom(tokens: Tokens): Connection {
  return { ...connectionBy('oauth', tokens.accessToken), ...lifeOf(tokens) };
}

/** A connection by what a person has typed in: it has no end, and nothing renews it. */
export function connectionBy(kind: Credential['kind'], accessToken: string): Connection {
  const now = Date.now();
  return { id: randomUUID(), kind, accessToken, connectedAt: now, renewedAt: now };
}

/** The connection after a refresh. Without a new refresh token the old one stays good (§6). */
export function renewedConnection(
  { id, kind, refreshToken, connectedAt, refreshes = 0, person }: Connection,
  tokens: Tokens,
): Connection {
  return {
    id,
    kind,
    connectedAt,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(person && { person }),
    accessToken: tokens.accessToken,
    renewedAt: Date.now(),
    refreshes: refreshes + 1,
    ...lifeOf(tokens),
  };
}

function lifeOf({ refreshToken, expiresInSeconds }: Tokens) {
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresInSeconds !== undefined && { expiresAt: Date.now() + expiresInSeconds * 1000 }),
  };
}

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

const MOST_PENDING_SIGN_INS = 20;
const CONNECTION_MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;

/** Sessions as Express middleware: a signed random id in a cookie, everything else on our side. */
export function sessions(config: Config, store: SessionStore): RequestHandler[] {
  const { name, secure } = cookie(config);
  const middleware = session({
    name,
    genid: newId,
    secret: [...config.sessionSecrets],
    store,
    resave: false, // an unchanged session is not written back: that would undo another request's
    saveUninitialized: false, // someone who only looks around gets no cookie
    cookie: {
      path: '/',
      httpOnly: true, // out of reach of scripts
      sameSite: 'lax', // sent along with the provider's redirect, but not with a foreign form's POST
      secure,
      // No expiry: the store ends an idle session. A rolling one would be sent with every answer,
      // and a slow answer could bring back the id that a sign-in in another tab has just replaced.
    },
  });
  return [recordTo(store.recordings), middleware];
}

function cookie({ isHttps }: Config): { name: string; secure: boolean } {
  // "__Host-" makes the browser refuse a cookie that a sibling domain planted.
  return isHttps ? { name: '__Host-sid', secure: true } : { name: 'sid', secure: false };
}

/**
 * Does work while no other request does work of the same name, in this process or another.
 *
 * @param holdMs when others may go on although it has not ended, in milliseconds
 */
export async function oneAtATime<Result>(
  request: Request,
  name: string,
  holdMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  return storeOf(request).oneAtATime(name, holdMs, work);
}

/**
 * Whether both are the same connection and renewed as often. Its tokens do not tell: a provider may
 * renew a token by giving it once more.
 */
export function isAsItWas(current: Connection | undefined, known: Connection): boolean {
  return current?.id === known.id && current.refreshes === known.refreshes;
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
      (pending) => pending.redirectUri === redirectUri && pending.state === state,
    );
    data.pendingSignIns = data.pendingSignIns?.filter((pending) => pending !== signIn) ?? [];
    return signIn;
  });
  if (taken) noteSignIn(request, taken);
  return taken;
}

/**
 * Keeps a new connection, under a new session id: an id that somebody planted in this browser
 * before the sign-in is worth nothing after it (session fixation, CVE-2022-25896). The other
 * provider's connection and the sign-ins of other tabs move along.
 *
 * @throws {SessionEndedError} when the person has logged out meanwhile
 */
export async function connect(
  request: Request,
  provider: ProviderId,
  connection: Connection,
): Promise<void> {
  const known = request.session.connections?.[provider]?.id;
  const isKept = await renewSession(request, (data, hasMoved) => {
    // A sign-in that has ended since is the newer one, and may be another person's.
    if (hasMoved && data.connections?.[provider]?.id !== known) return;
    data.connections = { ...data.connections, [provider]: connection };
  });
  if (!isKept) throw new SessionEndedError('the session ended while a sign-in was under way');
  request.log.info({ event: 'signed in', provider, kind: connection.kind }, 'signed in');
}

/**
 * The connection as it stood when this request began; undefined when there is none or it has ended by
 * itself. A token that has expired is no end as long as it can be renewed.
 */
export function connectionTo(request: Request, provider: ProviderId): Connection | undefined {
  return living(request.session.connections?.[provider]);
}

/** The connection as it stands in the store now: another request may have renewed or ended it. */
export async function latestConnectionTo(
  request: Request,
  provider: ProviderId,
): Promise<Connection | undefined> {
  return living((await readSession(request))?.connections?.[provider]);
}

function living(connection: Connection | undefined): Connection | undefined {
  if (!connection) return undefined;
  const now = Date.now();
  const isOld = now - connection.connectedAt > CONNECTION_MAX_AGE_MS;
  const hasExpired = connection.expiresAt !== undefined && connection.expiresAt <= now;
  return isOld || (hasExpired && connection.refreshToken === undefined) ? undefined : connection;
}

/**
 * Puts a renewed connection in the place of the one that it came from. It may be tried again when the
 * store went away meanwhile, and left open whether it has written.
 *
 * @returns false when that one is gone: replaced by another sign-in, or forgotten
 */
export async function replaceConnection(
  request: Request,
  provider: ProviderId,
  former: Connection,
  renewed: Connection,
): Promise<boolean> {
  const isReplaced = await changeSession(request, ({ connections }) => {
    const current = connections?.[provider];
    if (!connections || !(isAsItWas(current, former) || isAsItWas(current, renewed))) return false;
    connections[provider] = renewed;
    return true;
  });
  return isReplaced ?? false;
}

/** Adds to a connection who it belongs to, unless it has been replaced or forgotten meanwhile. */
export async function rememberPerson(
  request: Request,
  provider: ProviderId,
  { accessToken }: Connection,
  person: Person,
): Promise<void> {
  await changeSession(request, ({ connections }) => {
    const current = connections?.[provider];
    if (connections && current?.accessToken === accessToken) {
      connections[provider] = { ...current, person };
    }
  });
}

/**
 * Forgets one provider's connection.
 *
 * @param onlyIf forgets this very one: not what another tab has connected in the meantime
 */
export async function disconnect(
  request: Request,
  provider: ProviderId,
  onlyIf?: Connection,
): Promise<void> {
  if (!onlyIf) await forgetRecordings(request, [provider]);
  await changeSession(request, (data) => {
    const { [provider]: forgotten, ...others } = data.connections ?? {};
    if (onlyIf && !isAsItWas(forgotten, onlyIf)) return;
    if (Object.keys(others).length > 0) data.connections = others;
    else delete data.connections;
  });
}

/** Ends the session on the server, and takes its cookie from the browser. */
export async function forgetEverything(
  request: Request,
  response: Response,
  config: Config,
): Promise<void> {
  if (!isKept(request)) return;
  await forgetRecordings(request, PROVIDER_IDS);
  await endSession(request);
  const { name, secure } = cookie(config);
  response.clearCookie(name, { path: '/', httpOnly: true, sameSite: 'lax', secure });
}

/** The token that this session's forms must send back. Makes a session where there is none. */
export async function csrfTokenOf(request: Request): Promise<string> {
  if (!isKept(request)) await changeOrStartSession(request, () => undefined);
  return request.session.csrfToken ?? '';
}
