import type { SandboxClient } from '../clients.js';
import type { RallyPerson } from './people.js';
import type { Rally } from './rally.js';

/** Who calls WSAPI. */
export interface Caller {
  readonly person: RallyPerson;
  /** An API key may be for reading alone. */
  readonly isReadOnly: boolean;
  /** The application that an access token was issued to; none with an API key. */
  readonly client: SandboxClient | undefined;
}

/**
 * Finds out whose access token or API key this is, and notes that it was used.
 *
 * @returns undefined when it opens nothing
 */
export function callerOf(
  credential: string,
  { grants, apiKeys, clock }: Rally,
): Caller | undefined {
  const grant = grants.grantOfAccessToken(credential);
  if (grant) {
    grant.lastUsedAt = clock.now();
    return { person: grant.person, isReadOnly: false, client: grant.client };
  }
  const key = apiKeys.find(credential);
  if (!key) return undefined;
  key.lastUsedAt = clock.now();
  // "tracked as if you logged in with your username and password" (Rally Application Manager)
  key.person.lastSignedInAt = clock.now();
  return { person: key.person, isReadOnly: key.isReadOnly, client: undefined };
}
