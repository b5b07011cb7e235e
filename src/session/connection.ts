import { randomUUID } from 'node:crypto';
import type { Tokens } from '../oauth/tokens.js';
import type { Credential, OwnCredential } from '../providers/provider.js';

/** SECURITY.md D7: a stolen session expires, however busy it is. */
const LONGEST_CONNECTION_MS = 7 * 24 * 60 * 60 * 1000;

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
  return { ...newConnection('oauth', tokens.accessToken), ...lifeOf(tokens) };
}

/** A connection by what a person has typed in: it has no end, and nothing renews it. */
export function connectionByHand(kind: OwnCredential['kind'], accessToken: string): Connection {
  return newConnection(kind, accessToken);
}

function newConnection(kind: Credential['kind'], accessToken: string): Connection {
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
    ...(refreshToken !== undefined && { refreshToken }), // SECURITY.md C2: kept until a new one comes
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

/**
 * Whether both are the same connection and renewed as often. Its tokens do not tell: a provider may
 * renew a token by giving it once more.
 */
export function isAsItWas(current: Connection | undefined, known: Connection): boolean {
  return current?.id === known.id && current.refreshes === known.refreshes;
}

/** Whether it has ended by itself. An expired token is no end as long as it can be renewed. */
export function hasEnded({ connectedAt, expiresAt, refreshToken }: Connection): boolean {
  const now = Date.now();
  const isOld = now - connectedAt > LONGEST_CONNECTION_MS;
  const hasExpired = expiresAt !== undefined && expiresAt <= now;
  return isOld || (hasExpired && refreshToken === undefined);
}
