import type { OAuthClient } from '../oauth/client.js';
import type { ProviderAnswer, Upstream } from '../http/upstream.js';
import { unexpectedAnswer } from '../http/upstream-error.js';

/**
 * A third provider begins here: with its id, and a file beside rally.ts and gocd.ts that says what
 * differs. Then come its variables (`Environment`, `loadProviderConfig`), its page (in routes/, `RETURN_TO`,
 * `page` below, the links of views/partials/head.ejs), its routes (`createApp`), the form of its header
 * (`credentialIn`), its words and functions for the walkthrough (`authorizationResponse`,
 * `PROVIDER_SOURCES`), and its name on the command line (`PROVIDERS`, `readArguments`). The sign-in and
 * the token's life stay as they are.
 */
export const PROVIDER_IDS = ['rally', 'gocd'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** What is known of a provider even when it is not configured. */
export interface ProviderFacts {
  readonly id: ProviderId;
  readonly name: string;
  /** This app's page that shows the provider's data. */
  readonly page: '/rally' | '/gocd';
  /** What that page shows, in words. */
  readonly shows: string;
  /** The variables to set for signing in there. */
  readonly needs: readonly string[];
  /** The variables that say where and who we are, named by the pages that tell what is wrong. */
  readonly settings: {
    readonly server: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
}

/**
 * What differs between the providers: each is one plain object of this shape. The routes and the
 * sign-in do not ask which of them they have before them; only words and pages of one provider do.
 */
export interface Provider extends ProviderFacts, OAuthClient {
  readonly server: string;
  /** Whether it knows this app as a client (RFC 6749 §2); if not, {@link ownCredential} is left. */
  readonly isRegistered: boolean;
  /** Where the person can take back the grant. */
  readonly grantsUrl: string;
  /** What a person can paste in place of signing in. */
  readonly ownCredential: OwnCredential;
  /** What may be behind a token that stopped working, in the provider's own ways. */
  readonly whyTokensDie: string;
  /** What the person can do about "signed in but not allowed". */
  readonly whyForbidden: string;
  /** An address of its API that shows whether a token is good for anything. */
  readonly trialUrl: string;
  /** The headers that carry a credential to the provider's API. */
  credentialHeaders(credential: Credential): Record<string, string>;
  /** Asks whose credential it is; absent where the provider names nobody. */
  whoAmI?(upstream: Upstream, credential: Credential): Promise<Person>;
}

/** A string that a person makes at the provider, and its words. */
export interface OwnCredential {
  readonly kind: 'api-key' | 'access-token';
  /** This app's page for it. */
  readonly path: string;
  /** `API key` */
  readonly label: string;
  /** `an API key` */
  readonly article: string;
  /** What every one looks like. Another provider's must not be sent to this one to find out. */
  readonly shape: RegExp;
  /** The same in words. */
  readonly looks: string;
  /** Where it is made and deleted. */
  readonly madeAt: string;
  /** What may be behind one that is not accepted. */
  readonly whyRejected: string;
  /**
   * Uses it once.
   *
   * @returns whose it is, where the provider says so
   * @throws {CredentialRejectedError}
   */
  tryOut(upstream: Upstream, credential: Credential): Promise<Person | undefined>;
}

/** What opens a provider's API. */
export interface Credential {
  /** By the grant of RFC 6749; or a string that a person has made at the provider, and typed in here. */
  readonly kind: 'oauth' | 'api-key' | 'access-token';
  readonly accessToken: string;
  /** Whose it is; absent where the provider names nobody, or could not be asked. */
  readonly person?: Person;
}

/** A person as the provider's API knows them. */
export interface Person {
  readonly id: number;
  readonly name: string;
}

/** The API does not take the credential (any more): connect again. */
export class CredentialRejectedError extends Error {}

/** The API knows who we are and refuses all the same: connecting again would not help. */
export class NotAllowedError extends Error {}

/** A well-formed answer, status 200, that says it failed. */
export class ApiError extends Error {
  constructor(readonly messages: readonly string[]) {
    super('the answer lists errors');
  }
}

/**
 * Passes on the answer of an API call that succeeded.
 *
 * @throws {CredentialRejectedError} for a 401, whatever its body: JSON, XML, or a login page
 * @throws {NotAllowedError} for a 403
 * @throws {UpstreamError} for any other status but 200
 */
export function requireSuccess(answer: ProviderAnswer): ProviderAnswer {
  // SECURITY.md E2: a refused token is refreshed or deleted, not used again.
  if (answer.status === 401) throw new CredentialRejectedError('status 401');
  if (answer.status === 403) throw new NotAllowedError('status 403');
  if (answer.status !== 200) throw unexpectedAnswer(answer);
  return answer;
}
