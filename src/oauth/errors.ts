/** Any way in which the grant itself can fail. One subclass for each message that can be wrong. */
export abstract class OAuthError extends Error {}

/**
 * The redirect back has no state, one that this browser did not start with, one already spent or
 * too old, or one that belongs to another provider (RFC 6749 §10.12, RFC 9700 §4.7).
 */
export class StateMismatchError extends OAuthError {
  constructor(
    readonly reason: 'missing' | 'repeated' | 'unknown' | 'stale' | 'other_provider',
    /** The server's error code, where it answers with one and returns no state by design. */
    readonly errorCode?: string,
  ) {
    super(`state is ${reason.replace('_', ' ')}`);
  }
}

/** The redirect names another authorization server as its issuer (RFC 9207 §2.4): a mix-up. */
export class IssuerMismatchError extends OAuthError {
  constructor(readonly issuer: string) {
    super('iss names another server');
  }
}

/** The state was right, but the rest of the redirect is not what RFC 6749 §4.1.2 describes. */
export class MalformedResponseError extends OAuthError {}

/** The provider, or the person at it, answered with an error (RFC 6749 §4.1.2.1). */
export class AuthorizationResponseError extends OAuthError {
  constructor(
    readonly code: string,
    readonly description: string | undefined,
  ) {
    super(`the authorization endpoint answered ${code}`);
  }
}

/** The token endpoint answered with an error object (RFC 6749 §5.2). */
export class TokenResponseError extends OAuthError {
  constructor(
    readonly code: string,
    readonly description: string | undefined,
  ) {
    super(`the token endpoint answered ${code}`);
  }
}

/** The token endpoint's answer is neither a token (RFC 6749 §5.1) nor an error (§5.2). */
export class UnusableTokenResponseError extends OAuthError {
  constructor(
    message: string,
    /** A success in JSON, from an OAuth server that has no token for us; not a proxy's page. */
    readonly isAnswer = false,
  ) {
    super(message);
  }
}
