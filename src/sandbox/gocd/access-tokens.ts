// Personal access tokens (since GoCD 19.2): a person's own way in for their programs, without OAuth.
import type { Clock } from '../clock.js';
import { hex } from '../random.js';
import type { GocdPerson } from './people.js';

export interface AccessToken {
  readonly id: string;
  readonly person: GocdPerson;
  readonly description: string;
  /** What a program sends as its bearer token. Shown once. */
  readonly value: string;
  readonly createdAt: number;
  lastUsedAt: number | undefined;
  revokedAt: number | undefined;
}

export class AccessTokens {
  private readonly tokens: AccessToken[] = [];

  constructor(private readonly clock: Clock) {}

  get all(): readonly AccessToken[] {
    return this.tokens;
  }

  /** The newest first, the revoked ones among them. */
  of(person: GocdPerson): readonly AccessToken[] {
    return this.tokens.filter((token) => token.person === person).reverse();
  }

  create(person: GocdPerson, description: string): AccessToken {
    const token: AccessToken = {
      id: hex(8),
      person,
      description,
      value: hex(20), // GoCD takes 40 characters, no more and no fewer
      createdAt: this.clock.now(),
      lastUsedAt: undefined,
      revokedAt: undefined,
    };
    this.tokens.push(token);
    return token;
  }

  /** It is dead at once, and kept: whoever uses it is told when that was. */
  revoke(token: AccessToken): void {
    token.revokedAt ??= this.clock.now();
  }

  /** The token of this value, revoked or not. Those of disabled people are as good as unknown. */
  find(value: string): AccessToken | undefined {
    const token = this.tokens.find((each) => each.value === value);
    return token?.person.status === 'active' ? token : undefined;
  }
}
