import type { Request } from 'express';
import { NotConnectedError } from './errors.js';
import { CredentialRejectedError, type Provider } from './providers/provider.js';
import { connectionTo, disconnect, type Connection } from './session.js';

/**
 * Calls a provider's API with this session's connection to it.
 *
 * @param call may fail with {@link CredentialRejectedError}: the connection is then forgotten, and
 *   the other provider's is untouched
 * @throws {NotConnectedError} when there is no connection, or its token has expired
 */
export async function withConnection<Result>(
  request: Request,
  provider: Provider,
  call: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = connectionTo(request, provider.id);
  if (!connection) {
    const ended = request.session.connections?.[provider.id];
    if (ended) await disconnect(request, provider.id, ended); // its tokens are of no more use
    throw new NotConnectedError(provider, ended !== undefined);
  }
  try {
    return await call(connection);
  } catch (error) {
    if (error instanceof CredentialRejectedError) {
      await disconnect(request, provider.id, connection);
    }
    throw error;
  }
}
