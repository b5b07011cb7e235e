import type { Credential, OwnCredential, Provider, ProviderFacts } from './providers/provider.js';

// The ways in which a browser's request can be wrong. What can go wrong between this app and a
// provider is an `OAuthError`, an `UpstreamError` or an `ApiError`, and what can go wrong with the
// session store a `SessionStoreError`; `errorPage` has the words for all of them.

/** A page needs a connection that this session does not have. */
export class NotConnectedError extends Error {
  constructor(
    readonly provider: Provider,
    /** What became of it, if there was one: its time is over, or another tab has ended it. */
    readonly why: 'never_was' | 'has_expired' | 'was_replaced' = 'never_was',
  ) {
    super(`not connected to ${provider.name}`);
  }
}

/** The provider took a credential until now, and takes it no longer. It was forgotten. */
export class ConnectionLostError extends Error {
  constructor(
    readonly provider: Provider,
    readonly kind: Credential['kind'],
  ) {
    super(`${provider.name} no longer accepts the credential`);
  }
}

/** A route of a provider for which no client id and secret were given. */
export class NotConfiguredError extends Error {
  constructor(
    readonly provider: ProviderFacts,
    /** What works there all the same. */
    readonly instead?: OwnCredential,
  ) {
    super(`${provider.name} is not configured`);
  }
}

/** A parameter has a value that this app does not know. */
export class BadParameterError extends Error {
  constructor(
    readonly parameter: string,
    readonly expected: string,
  ) {
    super(`${parameter} is not ${expected}`);
  }
}

/** A form was not sent from one of our own pages, or from one of an ended session. */
export class ForgeryError extends Error {}

/** A request came with a session id that a sign-in in another tab has just replaced. */
export class SessionMovedError extends Error {}

/** The session ended while a sign-in was under way: a log-out in another tab wins. */
export class SessionEndedError extends Error {}

export class NotFoundError extends Error {}

export class MethodNotAllowedError extends Error {
  constructor(readonly allowed: readonly string[]) {
    super(`only ${allowed.join(', ')}`);
  }
}

/** This person, or all of them together, let so many exports wait to be read. */
export class TooManyExportsError extends Error {}

/** Too many sign-ins from one address. */
export class TooManyRequestsError extends Error {
  constructor(readonly retryAfterSeconds: number) {
    super('too many sign-ins from this address');
  }
}
