export type Provider = 'rally' | 'gocd';

/** Somebody who can sign in at one of the two providers. Each knows its own people. */
export interface Person {
  readonly userName: string;
  readonly password: string;
  readonly displayName: string;
  readonly isAdministrator: boolean;
  /** What signing in as them shows. */
  readonly shows: string;
  /** None of the sessions, tokens and keys of a disabled or deleted person work. */
  status: 'active' | 'disabled' | 'deleted';
  /** When they last signed in, in milliseconds since 1970. */
  lastSignedInAt: number | undefined;
}

export const PASSWORD = 'sandbox';
