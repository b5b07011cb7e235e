import type { Request } from 'express';
import type { Person, Provider } from './providers/provider.js';
import type { Connection } from './session/connection.js';
import { rememberPerson } from './session/connections.js';
import { withConnection } from './with-connection.js';

/**
 * As {@link withConnection}, for calls that need to know who asks. That was asked at the sign-in; it
 * is asked again only where that failed.
 */
export async function withPerson<Result>(
  request: Request,
  provider: Provider & Required<Pick<Provider, 'whoAmI'>>,
  call: (connection: Connection, me: Person) => Promise<Result>,
): Promise<Result> {
  return withConnection(request, provider, async (connection) => {
    const me = connection.person ?? (await provider.whoAmI(request.upstream, connection));
    if (!connection.person) await rememberPerson(request, provider.id, connection, me);
    return call({ ...connection, person: me }, me);
  });
}
