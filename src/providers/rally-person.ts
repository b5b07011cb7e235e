import { z } from 'zod';
import type { Person } from './provider.js';
import {
  fetchEnvelope,
  objectId,
  refuseErrors,
  text,
  texts,
  wsapiUrl,
  type Wsapi,
} from './rally-wsapi.js';

const LONGEST_NAME = 200;

const User = z.object({
  User: z.object({
    Errors: texts,
    ObjectID: objectId,
    DisplayName: text.optional().catch(undefined),
    UserName: text.optional().catch(undefined),
    _refObjectName: text.optional().catch(undefined),
  }),
});

/**
 * Asks whose token this is. `/user` without an id or a query means the caller.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchWhoAmI(wsapi: Wsapi): Promise<Person> {
  const url = wsapiUrl(wsapi, 'user', { fetch: 'ObjectID,DisplayName,UserName' });
  const { User: user } = await fetchEnvelope(wsapi, url, User);
  refuseErrors(user.Errors);
  const names = [user.DisplayName, user._refObjectName, user.UserName, `User ${user.ObjectID}`];
  const name = names.find((name) => name !== undefined && name !== '') ?? '';
  return { id: user.ObjectID, name: name.slice(0, LONGEST_NAME) };
}
