// What people have allowed applications, and the codes and tokens that came of it.
import type { SandboxClient } from '../clients.js';
import type { Clock } from '../clock.js';
import { History } from '../given.js';
import { LimitedMap } from '../limited-map.js';
import { hex, urlSafe } from '../random.js';
import type { RallyPerson } from './people.js';

const CODE_MS = 10 * 60 * 1000; // RFC 6749 §4.1.2: ten minutes at most; Rally does not say
const TOKEN_SECONDS = 86_400;
const MOST = 100_000;

/** A person lets an application act for them. It stands until they remove it. */
export interface Grant {
  readonly id: string;
  readonly client: SandboxClient;
  readonly person: RallyPerson;
  readonly scopes: Set<string>;
  readonly since: number;
  lastUsedAt: number | undefined;
}

/** What a code is bound to. */
export interface CodeBinding {
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
}

/** A code, and after its use the tokens that came of it: one pair lives at a time. */
export interface Line {
  readonly code: string;
  readonly grant: Grant;
  readonly binding: CodeBinding;
  readonly codeExpiresAt: number;
  isCodeSpent: boolean;
  tokens?: Tokens;
  isEnded: boolean;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Of the access token, in milliseconds since 1970. A refresh token has no end of its own. */
  expiresAt: number;
}

export class Grants {
  readonly history = new History();
  private readonly standing = new Set<Grant>();
  private readonly byCode = new LimitedMap<string, Line>(MOST);
  private readonly byAccessToken = new LimitedMap<string, Line>(MOST);
  private readonly byRefreshToken = new LimitedMap<string, Line>(MOST);

  constructor(
    private readonly clock: Clock,
    private readonly tokenSeconds = TOKEN_SECONDS,
  ) {}

  get all(): readonly Grant[] {
    return [...this.standing];
  }

  /** Every code and pair of tokens that was issued, the ended ones too. */
  get lines(): readonly Line[] {
    return [...this.byCode.values()];
  }

  of(person: RallyPerson): readonly Grant[] {
    return this.all.filter((grant) => grant.person === person);
  }

  find(client: SandboxClient, person: RallyPerson): Grant | undefined {
    return this.all.find((grant) => grant.client === client && grant.person === person);
  }

  /** Makes a grant, or widens the one that stands. */
  allow(
    client: SandboxClient,
    person: RallyPerson,
    scopes: readonly string[],
    since = this.clock.now(),
  ): Grant {
    const grant = this.find(client, person) ?? {
      id: hex(8),
      client,
      person,
      scopes: new Set(),
      since,
      lastUsedAt: undefined,
    };
    for (const scope of scopes) grant.scopes.add(scope);
    this.standing.add(grant);
    return grant;
  }

  /** Its codes and tokens are dead at once: see {@link isAlive}. */
  remove(grant: Grant): void {
    this.standing.delete(grant);
  }

  removeAllOf(client: SandboxClient): void {
    for (const grant of this.all) if (grant.client === client) this.remove(grant);
  }

  issueCode(grant: Grant, binding: CodeBinding): string {
    const code = hex(16);
    const codeExpiresAt = this.clock.now() + CODE_MS;
    const line: Line = {
      code,
      grant,
      binding,
      codeExpiresAt,
      isCodeSpent: false,
      isEnded: false,
    };
    this.byCode.set(code, line);
    const { client, person } = grant;
    this.history.add({
      what: 'code',
      client,
      person,
      value: code,
      expiresAt: () => codeExpiresAt,
      isAlive: () => !line.isCodeSpent && this.isAlive(line) && codeExpiresAt > this.clock.now(),
    });
    return code;
  }

  /** The line that a code began, whether or not the code is still good. */
  lineOfCode(code: string): Line | undefined {
    return this.byCode.get(code);
  }

  /** The line that a refresh token belongs or belonged to. */
  lineOfRefreshToken(refreshToken: string): Line | undefined {
    return this.byRefreshToken.get(refreshToken);
  }

  /** Whose access token this is, as long as it lives. */
  grantOfAccessToken(accessToken: string): Grant | undefined {
    const line = this.byAccessToken.get(accessToken);
    if (line?.tokens?.accessToken !== accessToken || !this.isAlive(line)) return undefined;
    return line.tokens.expiresAt > this.clock.now() ? line.grant : undefined;
  }

  /**
   * A code (RFC 6749 §4.1.2) or a refresh token (RFC 9700 §4.14) came twice: one of the two who sent it
   * has stolen it.
   */
  end(line: Line): void {
    line.isEnded = true;
  }

  isAlive({ grant, isEnded }: Line): boolean {
    return !isEnded && this.standing.has(grant) && grant.person.status === 'active';
  }

  /** Rotation: the pair that the line had before is dead at once. */
  issueTokens(line: Line): Tokens {
    const tokens = {
      accessToken: urlSafe(),
      refreshToken: hex(15).slice(1), // 29 hex digits in the README
      expiresAt: this.clock.now() + this.tokenSeconds * 1000,
    };
    line.tokens = tokens;
    this.byAccessToken.set(tokens.accessToken, line);
    this.byRefreshToken.set(tokens.refreshToken, line);
    const { client, person } = line.grant;
    this.history.add({
      what: 'refresh token',
      client,
      person,
      value: tokens.refreshToken,
      isAlive: () => line.tokens === tokens && this.isAlive(line),
    });
    this.history.add({
      what: 'access token',
      client,
      person,
      value: tokens.accessToken,
      expiresAt: () => tokens.expiresAt,
      isAlive: () => this.grantOfAccessToken(tokens.accessToken) !== undefined,
    });
    return tokens;
  }

  expireAccessTokens(): void {
    for (const { tokens } of this.byAccessToken.values()) {
      if (tokens) tokens.expiresAt = this.clock.now();
    }
  }
}
