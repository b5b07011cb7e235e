import type { ClientCredentials } from './clients.js';
import { Clock } from './clock.js';
import { Failures } from './failures.js';
import { createGocd, type Gocd } from './gocd/gocd.js';
import type { Provider } from './people.js';
import { createRally, type Rally } from './rally/rally.js';
import { Received } from './received.js';

/** How big the sandbox's world is, and how it behaves. */
export interface WorldOptions {
  readonly stories: number;
  readonly pipelines: number;
  /** Added to every answer of a token endpoint or an API, in milliseconds. */
  readonly latencyMs: number;
  /** How long access tokens live; each provider's own value where it is left out. */
  readonly tokenTtlSeconds?: number;
  /** Of the clients that it starts with; made up where they are left out. */
  readonly credentials?: Partial<Record<Provider, ClientCredentials>>;
}

/** All that the sandbox knows. It lives in memory and is gone with the process. */
export interface World {
  readonly options: WorldOptions;
  readonly clock: Clock;
  readonly rally: Rally;
  readonly gocd: Gocd;
  readonly received: Received;
  readonly failures: Failures;
}

/** Where the sandbox sends people back to: the redirect URIs of the clients that it starts with. */
export interface RedirectUris {
  readonly rally: string;
  readonly gocd: string;
}

/** Makes a world with its people, their work, and one registered client at each provider. */
export function createWorld(options: WorldOptions, redirectUris: RedirectUris): World {
  const clock = new Clock();
  const tokenSeconds = options.tokenTtlSeconds;
  return {
    options,
    clock,
    rally: createRally(clock, {
      stories: options.stories,
      tokenSeconds,
      redirectUri: redirectUris.rally,
      credentials: options.credentials?.rally,
    }),
    gocd: createGocd(clock, {
      pipelines: options.pipelines,
      tokenSeconds,
      redirectUri: redirectUris.gocd,
      credentials: options.credentials?.gocd,
    }),
    received: new Received(clock),
    failures: new Failures(),
  };
}
