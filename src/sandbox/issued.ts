import type { Given } from './given.js';
import type { Person } from './people.js';
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
  /** Why it does not work; undefined while it does. */
  readonly whyNot: string | undefined;
}

const SHOWN = 100;

/** The newest codes, tokens and keys of both providers, the used and ended ones too. */
export function issuedIn({ rally, gocd }: World): readonly Issued[] {
  const keys = rally.apiKeys.all.map((key): Issued => ({
    what: 'Rally API key',
    to: key.name,
    person: key.person.displayName,
    masked: mask(key.secretKey),
    endsAt: undefined,
    whyNot: ofOwner(key.person) ?? (rally.apiKeys.areEnabled ? undefined : 'keys are disabled'),
  }));
  const personal = gocd.accessTokens.all.map((token): Issued => ({
    what: 'GoCD personal access token',
    to: token.description,
    person: token.person.displayName,
    masked: mask(token.value),
    endsAt: undefined,
    whyNot: token.revokedAt === undefined ? ofOwner(token.person) : 'ended',
  }));
  return [
    ...keys,
    ...personal,
    ...newest('Rally', rally.grants.history.all),
    ...newest('GoCD', gocd.grants.history.all),
  ];
}

function newest(provider: string, history: readonly Given[]): readonly Issued[] {
  return history
    .slice(-SHOWN)
    .reverse()
    .map(({ what, client, person, value, expiresAt, isAlive }) => ({
      what: `${provider} ${what}`,
      to: client.name,
      person: person.displayName,
      masked: mask(value),
      endsAt: expiresAt?.(),
      whyNot: isAlive() ? undefined : (ofOwner(person) ?? 'ended'),
    }));
}

function ofOwner({ status }: Person): string | undefined {
  return status === 'active' ? undefined : `its owner is ${status}`;
}
