import { mask } from './received.js';
import type { World } from './world.js';

/** Something that was given out, as the console shows it. */
export interface Issued {
  readonly what: string;
  readonly to: string;
  readonly person: string;
  readonly masked: string;
  /** In milliseconds since 1970; undefined where it has no end. */
  readonly endsAt: number | undefined;
  readonly isEnded: boolean;
}

const SHOWN = 100;

/** The newest codes, tokens and keys of both providers, the ended ones too. */
export function issuedIn({ rally, gocd, clock }: World): readonly Issued[] {
  const now = clock.now();
  const ofRally = rally.grants.lines.slice(-SHOWN).map((line): Issued => {
    const { grant, tokens } = line;
    const endsAt = tokens ? tokens.expiresAt : line.codeExpiresAt;
    return {
      what: tokens ? 'Rally access token' : 'Rally code',
      to: grant.client.name,
      person: grant.person.displayName,
      masked: mask(tokens ? tokens.accessToken : line.code),
      endsAt,
      isEnded: !rally.grants.isAlive(line) || endsAt <= now,
    };
  });
  const ofGocd = gocd.grants.history
    .slice(-SHOWN)
    .map(({ what, client, person, value, isAlive, expiresAt }): Issued => ({
      what: `GoCD ${what}`,
      to: client.name,
      person: person.displayName,
      masked: mask(value),
      endsAt: expiresAt(),
      isEnded: !isAlive(),
    }));
  const keys = rally.apiKeys.all.map((key): Issued => ({
    what: 'Rally API key',
    to: key.name,
    person: key.person.displayName,
    masked: mask(key.secretKey),
    endsAt: undefined,
    isEnded: rally.apiKeys.find(key.secretKey) === undefined,
  }));
  const personal = gocd.accessTokens.all.map((token): Issued => ({
    what: 'GoCD personal access token',
    to: token.description,
    person: token.person.displayName,
    masked: mask(token.value),
    endsAt: undefined,
    isEnded: token.revokedAt !== undefined || token.person.status !== 'active',
  }));
  return [...keys, ...personal, ...ofRally.reverse(), ...ofGocd.reverse()];
}
