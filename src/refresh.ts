// The token's life, RFC 6749 §6: a new access token for the refresh token. Pages come here through
// `withConnection`.
import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from 'express';
import { ConnectionLostError, NotConnectedError } from './errors.js';
import type { Upstream } from './http/upstream.js';
import { TokenResponseError, UnusableTokenResponseError } from './oauth/errors.js';
import { refreshRequest } from './oauth/refresh-request.js';
import { readTokenResponse } from './oauth/token-request.js';
import type { Tokens } from './oauth/tokens.js';
import type { Provider } from './providers/provider.js';
import { isAsItWas, renewedConnection, type Connection } from './session/connection.js';
import { disconnect, latestConnectionTo, replaceConnection } from './session/connections.js';
import { CHANGE_MS, storeOf } from './session/record.js';
import { SessionStoreError } from './session/store.js';

/** For reading the session before the provider is asked: a slow store answers within a second. */
const READING_MS = 1_000;
/**
 * One try to keep the new token takes so long at most: a process that was killed may have locked the
 * session, and a lock, a read and a write have their answers to come. The lock of the refresh must
 * not end before, or another process would send the spent refresh token.
 */
const KEEPING_MS = CHANGE_MS + 4_000;
const STORE_RETRY_MS = 100;

/** In this process: their requests share one outcome, and whoever stops the process waits for them. */
const underWay = new Map<string, Promise<Connection>>();

/**
 * Renews the token of a connection. However many requests ask at once, in however many processes, the
 * provider is asked once: a refresh token that arrives twice looks stolen, and both the old and the
 * new tokens die (RFC 9700 §4.14).
 *
 * @param upstream for as long as the caller may wait; the refresh itself is done to its end
 * @param stale the connection as this request knows it
 * @returns the connection with a new token, whoever renewed it
 * @throws {ConnectionLostError} when the provider refuses: the connection is forgotten
 * @throws {NotConnectedError} when it was forgotten or replaced in the meantime
 * @throws {UpstreamError | UnusableTokenResponseError} when the provider is away: nothing is forgotten
 */
export async function refresh(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  stale: Connection,
): Promise<Connection> {
  // The old refresh token is spent as soon as it is sent: the new one must be kept, whoever waits.
  const before = underWay.get(stale.id);
  // SECURITY.md C1+: a refresh token that arrives twice looks stolen (RFC 9700 §4.14).
  if (before) return upstream.waitFor(before);
  const mine = refreshInTurn(request, upstream.detached(), provider, stale).finally(() =>
    underWay.delete(stale.id),
  );
  underWay.set(stale.id, mine);
  return upstream.waitFor(mine);
}

/** Ends when every token that is being renewed is kept, whether or not its browser has left. */
export async function refreshesUnderWay(): Promise<void> {
  await Promise.allSettled(underWay.values());
}

async function refreshInTurn(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  stale: Connection,
): Promise<Connection> {
  const askingMs = READING_MS + upstream.timeoutMs;
  const holdMs = askingMs + KEEPING_MS;
  return storeOf(request).oneAtATime(`refresh:${stale.id}`, holdMs, async () => {
    const lastTry = performance.now() + askingMs;
    const current = await latestConnectionTo(request, provider.id);
    // What another sign-in has connected is not for this request. Its session id may be one that
    // somebody planted in this browser before, and waits with (session fixation).
    if (current?.id !== stale.id) throw new NotConnectedError(provider, 'was_replaced');
    // SECURITY.md C1+: another process was faster.
    if (!isAsItWas(current, stale)) return current;
    const tokens = await askForTokens(request, upstream, provider, current);
    const renewed = renewedConnection(current, tokens);
    const isKept = await persistently(lastTry, () =>
      replaceConnection(request, provider.id, current, renewed),
    );
    // SECURITY.md C5: a log-out or a sign-in wins.
    if (!isKept) throw new NotConnectedError(provider, 'was_replaced');
    request.log.info({ provider: provider.id, pid: process.pid }, 'token renewed');
    return renewed;
  });
}

async function askForTokens(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  connection: Connection,
): Promise<Tokens> {
  const { refreshToken = '' } = connection;
  try {
    const answer = await upstream.postForm(
      new URL(provider.tokenEndpoint),
      refreshRequest(provider, refreshToken),
    );
    return readTokenResponse(answer);
  } catch (error) {
    // SECURITY.md C4: an outage signs nobody out.
    if (!isRefusal(error)) throw error;
    request.log.warn({ err: error }, `${provider.name} refused to renew a token`);
    // SECURITY.md C3: a refused refresh token is not sent again.
    await disconnect(request, provider.id, connection);
    throw new ConnectionLostError(provider, connection.kind);
  }
}

/** Any OAuth error, or an answer without a token. A page of a proxy is none: it is tried again. */
function isRefusal(error: unknown): boolean {
  return (
    // SECURITY.md C3: invalid_client ends a connection as invalid_grant does (§5.2).
    error instanceof TokenResponseError ||
    (error instanceof UnusableTokenResponseError && error.isAnswer)
  );
}

/** The old tokens are spent: a store that is away for a moment must not cost the new ones. */
async function persistently<Result>(lastTry: number, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SessionStoreError) || performance.now() > lastTry) throw error;
      await delay(STORE_RETRY_MS);
    }
  }
}
