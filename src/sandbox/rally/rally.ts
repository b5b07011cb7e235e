import type { ClientCredentials, SandboxClient } from '../clients.js';
import type { Clock } from '../clock.js';
import { hex, urlSafe } from '../random.js';
import { ApiKeys } from './api-keys.js';
import { Grants } from './grants.js';
import { createPeople, type RallyPerson } from './people.js';
import { createSubscription } from './wsapi/subscription.js';
import type { Objects } from './wsapi/objects.js';

/** A subscription of Rally: its people, their work, and whom they let act for them. */
export interface Rally {
  readonly clock: Clock;
  readonly people: readonly RallyPerson[];
  readonly clients: SandboxClient[];
  readonly grants: Grants;
  readonly apiKeys: ApiKeys;
  /** What WSAPI gives access to. */
  readonly objects: Objects;
}

export interface RallyOptions {
  readonly stories: number;
  readonly tokenSeconds: number | undefined;
  /** Of the client that is registered from the start. */
  readonly redirectUri: string;
  readonly credentials: ClientCredentials | undefined;
}

export function createRally(clock: Clock, options: RallyOptions): Rally {
  const people = createPeople();
  const [ada, , , ivo] = people as [RallyPerson, RallyPerson, RallyPerson, RallyPerson];
  const grants = new Grants(clock, options.tokenSeconds);
  const apiKeys = new ApiKeys(clock);
  // "Currently, Flowdock is the only available standard integration." (Application Manager)
  const flowdock = newClient('Flowdock', 'https://flowdock.example/rally');
  grants.allow(flowdock, ada, ['alm'], clock.now() - 40 * DAY_MS);
  apiKeys.create(ivo, 'nightly export', false); // of no use: he is disabled
  return {
    clock,
    people,
    clients: [
      { ...newClient('OAuth sample app', options.redirectUri, ada), ...options.credentials },
      flowdock,
    ],
    grants,
    apiKeys,
    objects: createSubscription(options.stories, people, clock),
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The shapes of Rally's ids and secrets: 32 hex digits, 43 URL-safe characters. */
export function newClient(name: string, redirectUri: string, owner?: RallyPerson): SandboxClient {
  return { id: hex(16), secret: newSecret(), name, redirectUri, ...(owner && { owner }) };
}

export function newSecret(): string {
  return urlSafe();
}
