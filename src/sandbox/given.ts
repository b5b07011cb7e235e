import type { SandboxClient } from './clients.js';
import type { Person } from './people.js';

/** Something that a provider has given to a client, for the console. */
export interface Given {
  readonly what: 'code' | 'access token' | 'refresh token';
  readonly client: SandboxClient;
  readonly person: Person;
  readonly value: string;
  /** In milliseconds since 1970; absent where it has no end of its own. */
  readonly expiresAt?: () => number;
  readonly isAlive: () => boolean;
}

const MOST_GIVEN = 1000;

/** What was given out, the newest last, the used and ended ones too. */
export class History {
  private readonly given: Given[] = [];

  get all(): readonly Given[] {
    return this.given;
  }

  add(given: Given): void {
    this.given.push(given);
    if (this.given.length > MOST_GIVEN) this.given.shift();
  }
}
