import type { Person } from './provider.js';
import { objectIdOf, wordsOf } from './rally-fields.js';
import { fetchEnvelope, wsapiUrl, type Wsapi } from './rally-wsapi.js';

const LONGEST_NAME = 200;

/**
 * Asks whose token this is. `/user` without an id or a query means the caller.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchWhoAmI(wsapi: Wsapi): Promise<Person> {
  const url = wsapiUrl(wsapi, 'user', { fetch: 'ObjectID,DisplayName,UserName' });
  return fetchEnvelope(
    wsapi,
    url,
    'User',
    ({ ObjectID, DisplayName, _refObjectName, UserName }) => {
      const id = objectIdOf(ObjectID);
      if (id === undefined) return undefined;
      const name = wordsOf(DisplayName) ?? wordsOf(_refObjectName) ?? wordsOf(UserName);
      return { id, name: (name ?? `User ${id}`).slice(0, LONGEST_NAME) };
    },
  );
}
