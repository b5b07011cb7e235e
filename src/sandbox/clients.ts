import type { Person } from './people.js';

/** What an application says who it is with. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/** An application that is registered with one of the two providers. */
export interface SandboxClient {
  readonly id: string;
  name: string;
  secret: string;
  redirectUri: string;
  /** Who registered it; nobody for the provider's own. */
  readonly owner?: Person;
}

/**
 * Where an authorization request sends people back to.
 *
 * @param query the request's parameters
 * @returns undefined unless it is to the letter what the client has registered
 */
export function registeredRedirectUri(
  clients: readonly SandboxClient[],
  query: URLSearchParams,
): string | undefined {
  const client = clients.find(({ id }) => id === query.get('client_id'));
  return client?.redirectUri === query.get('redirect_uri') ? client.redirectUri : undefined;
}
