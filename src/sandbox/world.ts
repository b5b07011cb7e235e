import { randomBytes } from 'node:crypto';
import { createPeople, type SandboxPerson } from './people.js';
import { createPipelines, type SandboxPipeline } from './gocd/pipelines.js';
import { createStories, type SandboxStory } from './rally/stories.js';

/** How big the sandbox's world is, and how it behaves. */
export interface WorldOptions {
  readonly stories: number;
  readonly pipelines: number;
  /** Added to every answer of a token endpoint or an API, in milliseconds. */
  readonly latencyMs: number;
  /** How long access tokens live; each provider's own value where it is left out. */
  readonly tokenTtlSeconds?: number;
}

/** An application registered with one of the two providers. */
export interface SandboxClient {
  readonly name: string;
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
}

/** An authorization code that has been given out. */
export interface Code {
  readonly client: SandboxClient;
  readonly person: SandboxPerson;
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
  readonly expiresAt: number;
}

/** A pair of tokens that has been given out, for one person and one client. */
export interface Grant {
  readonly client: SandboxClient;
  readonly person: SandboxPerson;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
}

/** What one of the two providers has given out. */
export class Issued {
  readonly codes = new Map<string, Code>();
  private readonly byAccessToken = new Map<string, Grant>();
  private readonly byRefreshToken = new Map<string, Grant>();

  add(grant: Grant): void {
    this.byAccessToken.set(grant.accessToken, grant);
    this.byRefreshToken.set(grant.refreshToken, grant);
  }

  remove(grant: Grant): void {
    this.byAccessToken.delete(grant.accessToken);
    this.byRefreshToken.delete(grant.refreshToken);
  }

  removeAllOf(client: SandboxClient, person: SandboxPerson): void {
    for (const grant of this.grants) {
      if (grant.client === client && grant.person === person) this.remove(grant);
    }
  }

  grantOfRefreshToken(refreshToken: string): Grant | undefined {
    return this.byRefreshToken.get(refreshToken);
  }

  /** Every pair of tokens that has not been removed. */
  get grants(): readonly Grant[] {
    return [...this.byAccessToken.values()];
  }

  /** Whose access token this is, as long as it lives. */
  personOf(accessToken: string): SandboxPerson | undefined {
    const grant = this.byAccessToken.get(accessToken);
    return grant && grant.expiresAt > Date.now() ? grant.person : undefined;
  }
}

/** A request that the sandbox received, for its tests. */
export interface Received {
  readonly method: string;
  readonly path: string;
}

/** All that the sandbox knows. It lives in memory and is gone with the process. */
export interface World {
  readonly options: WorldOptions;
  readonly people: readonly SandboxPerson[];
  readonly stories: readonly SandboxStory[];
  readonly pipelines: readonly SandboxPipeline[];
  readonly rally: { readonly clients: SandboxClient[]; readonly issued: Issued };
  readonly gocd: { readonly clients: SandboxClient[]; readonly issued: Issued };
  readonly received: Received[];
}

/** Where the sandbox sends people back to: the redirect URIs of the clients that it starts with. */
export interface RedirectUris {
  readonly rally: string;
  readonly gocd: string;
}

/** Makes a world with its people, their work, and one registered client at each provider. */
export function createWorld(options: WorldOptions, redirectUris: RedirectUris): World {
  const people = createPeople();
  return {
    options,
    people,
    stories: createStories(options.stories, people),
    pipelines: createPipelines(options.pipelines),
    rally: {
      // The shapes of Rally's ids and secrets: 32 hex digits, 43 URL-safe characters.
      clients: [
        {
          name: 'OAuth sample app',
          id: hex(16),
          secret: randomBytes(32).toString('base64url'),
          redirectUri: redirectUris.rally,
        },
      ],
      issued: new Issued(),
    },
    gocd: {
      // GoCD: 64 hex digits each.
      clients: [
        { name: 'OAuth sample app', id: hex(32), secret: hex(32), redirectUri: redirectUris.gocd },
      ],
      issued: new Issued(),
    },
    received: [],
  };
}

/** Random lower-case hex, two digits a byte. */
export function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
