import type { Request } from 'express';
import type { Upstream } from './http/upstream.js';
import { ConnectionLostError, NotConnectedError } from './errors.js';
import { CredentialRejectedError, type Provider } from './providers/provider.js';
import { refresh } from './refresh.js';
import type { Connection } from './session/connection.js';
import { connectionTo, disconnect, latestConnectionTo } from './session/connections.js';

/** A token is renewed when less than this is left, or less than a tenth of its life. */
const SOON_MS = 60_000;
const SOON_OF_LIFE = 0.1;

/**
 * Calls a provider's API with this session's connection to it. Its token is renewed when it is about
 * to end, or when the provider does not take it; once for one request, never in a loop.
 *
 * @param call may fail with {@link CredentialRejectedError}; it is then made once more with a new
 *   token. When that is refused, too, the connection is forgotten, and the other provider's is
 *   untouched
 * @throws {NotConnectedError} when there is no connection, or it has ended
 * @throws {ConnectionLostError} when the provider no longer takes it
 */
export async function withConnection<Result>(
  request: Request,
  provider: Provider,
  call: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const kept = await keptConnection(request, provider);
  return withKept(request, request.upstream, provider, kept, call);
}

/**
 * As {@link withConnection}, for work that goes on for long: each of its calls has the connection as it
 * stands then, and may renew its token once.
 *
 * @param upstream for this call and a refresh that it needs
 * @param begun the connection that the work began with
 * @throws {NotConnectedError} when it was ended or replaced meanwhile: a log-out ends the work, too
 */
export async function goOnWithConnection<Result>(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  begun: Connection,
  call: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const latest = await latestConnectionTo(request, provider.id);
  if (latest?.id !== begun.id) throw new NotConnectedError(provider, 'was_replaced');
  return withKept(request, upstream, provider, latest, call);
}

async function withKept<Result>(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  kept: Connection,
  call: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const inTime = isDue(kept) ? await renewInTime(request, upstream, provider, kept) : undefined;
  const connection = inTime?.connection ?? kept;
  try {
    return await call(connection);
  } catch (error) {
    if (!(error instanceof CredentialRejectedError)) throw error;
    // SECURITY.md C4: it can be refreshed when the provider is available again.
    if (inTime?.failure) throw inTime.failure;
    if (
      // SECURITY.md C3: one refresh for each request, never a loop.
      inTime ||
      kept.refreshToken === undefined
    )
      return lose(request, provider, connection);
  }
  const renewed = await refresh(request, upstream, provider, connection);
  try {
    return await call(renewed);
  } catch (error) {
    if (!(error instanceof CredentialRejectedError)) throw error;
    return lose(request, provider, renewed);
  }
}

/** Whether a token is so near its end that it may not live as long as the page takes. */
function isDue({ refreshToken, renewedAt, expiresAt }: Connection): boolean {
  if (refreshToken === undefined || expiresAt === undefined) return false;
  const life = expiresAt - renewedAt;
  return expiresAt - Date.now() < Math.min(SOON_MS, life * SOON_OF_LIFE);
}

async function keptConnection(request: Request, provider: Provider): Promise<Connection> {
  const connection = connectionTo(request, provider.id);
  if (connection) return connection;
  const ended = request.session.connections?.[provider.id];
  if (!ended) throw new NotConnectedError(provider);
  await disconnect(request, provider.id, ended); // its tokens are of no more use
  throw new NotConnectedError(provider, 'has_expired');
}

/** A provider that is away renews nothing, but the token that we have may live a little longer. */
async function renewInTime(
  request: Request,
  upstream: Upstream,
  provider: Provider,
  connection: Connection,
): Promise<{ connection: Connection; failure?: Error }> {
  try {
    return { connection: await refresh(request, upstream, provider, connection) };
  } catch (error) {
    const isAway = !(error instanceof ConnectionLostError || error instanceof NotConnectedError);
    const isAlive = connection.expiresAt !== undefined && connection.expiresAt > Date.now();
    if (!(error instanceof Error) || !isAway || !isAlive) throw error;
    return { connection, failure: error };
  }
}

async function lose(request: Request, provider: Provider, connection: Connection): Promise<never> {
  await disconnect(request, provider.id, connection);
  throw new ConnectionLostError(provider, connection.kind);
}
