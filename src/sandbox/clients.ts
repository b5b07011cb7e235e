import type { Person } from './people.js';

/** An application that is registered with one of the two providers. */
export interface SandboxClient {
  readonly id: string;
  name: string;
  secret: string;
  redirectUri: string;
  /** Who registered it; nobody for the provider's own. */
  readonly owner?: Person;
}
