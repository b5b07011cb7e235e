// The codes and tokens that GoCD's OAuth engine has given out.
import type { SandboxClient } from '../clients.js';
import type { Clock } from '../clock.js';
import { History } from '../given.js';
import { hex } from '../random.js';
import type { GocdPerson } from './people.js';

const CODE_SECONDS = 3600;
const TOKEN_SECONDS = 90 * 24 * 3600;

/** An authorization code that has been given out. */
export interface Code {
  readonly client: SandboxClient;
  readonly person: GocdPerson;
  readonly codeChallenge: string | undefined;
  readonly expiresAt: number;
}

/** The tokens of one person and client; there is one pair at a time. */
export interface Grant {
  readonly id: string;
  readonly client: SandboxClient;
  readonly person: GocdPerson;
  readonly accessToken: string;
  readonly refreshToken: string;
  expiresAt: number;
}

export class Grants {
  readonly codes = new Map<string, Code>();
  readonly history = new History();
  private readonly grants = new Set<Grant>();

  constructor(
    private readonly clock: Clock,
    private readonly tokenSeconds = TOKEN_SECONDS,
  ) {}

  get all(): readonly Grant[] {
    return [...this.grants];
  }

  /** One per person and client: the former is gone. */
  issueCode(client: SandboxClient, person: GocdPerson, codeChallenge: string | undefined) {
    for (const [value, code] of this.codes) {
      if (code.client === client && code.person === person) this.codes.delete(value);
    }
    const code = hex(32);
    const expiresAt = this.clock.now() + CODE_SECONDS * 1000;
    this.codes.set(code, { client, person, codeChallenge, expiresAt });
    this.history.add({
      what: 'code',
      client,
      person,
      value: code,
      expiresAt: () => expiresAt,
      isAlive: () =>
        this.codes.has(code) && expiresAt > this.clock.now() && person.status === 'active',
    });
    return { code, seconds: CODE_SECONDS };
  }

  /** A code is gone once it was named, whatever comes of it. */
  takeCode(value: string): Code | undefined {
    const code = this.codes.get(value);
    this.codes.delete(value);
    return code;
  }

  /** So are the tokens of a refresh token, the access token among them. */
  takeRefreshToken(value: string): Grant | undefined {
    const grant = this.all.find(({ refreshToken }) => refreshToken === value);
    if (grant) this.remove(grant);
    return grant;
  }

  issueTokens(client: SandboxClient, person: GocdPerson): Grant {
    for (const grant of this.grants) {
      if (grant.client === client && grant.person === person) this.remove(grant);
    }
    const grant: Grant = {
      id: hex(8),
      client,
      person,
      accessToken: hex(32),
      refreshToken: hex(32),
      expiresAt: this.clock.now() + this.tokenSeconds * 1000,
    };
    this.grants.add(grant);
    const { accessToken, refreshToken } = grant;
    this.history.add({
      what: 'refresh token',
      client,
      person,
      value: refreshToken,
      isAlive: () => this.grants.has(grant) && person.status === 'active',
    });
    this.history.add({
      what: 'access token',
      client,
      person,
      value: accessToken,
      expiresAt: () => grant.expiresAt,
      isAlive: () => this.find(accessToken) !== undefined,
    });
    return grant;
  }

  remove(grant: Grant): void {
    this.grants.delete(grant);
  }

  removeAllOf(client: SandboxClient): void {
    for (const [value, code] of this.codes) if (code.client === client) this.codes.delete(value);
    for (const grant of this.grants) if (grant.client === client) this.remove(grant);
  }

  /** The tokens that this access token belongs to, as long as it lives. */
  find(accessToken: string): Grant | undefined {
    const grant = this.all.find((each) => each.accessToken === accessToken);
    return grant && grant.expiresAt > this.clock.now() && grant.person.status === 'active'
      ? grant
      : undefined;
  }

  expireAccessTokens(): void {
    for (const grant of this.grants) grant.expiresAt = this.clock.now();
  }
}
