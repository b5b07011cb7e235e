import { ConnectionLostError } from '../errors.js';
import { UpstreamError } from '../http/upstream-error.js';
import {
  AuthorizationResponseError,
  IssuerMismatchError,
  MalformedResponseError,
  OAuthError,
  StateMismatchError,
} from '../oauth/errors.js';
import { ApiError, NotAllowedError, type ProviderId } from '../providers/provider.js';
import type { StepId } from './recording.js';

/**
 * Finds where in the walkthrough an error is shown.
 *
 * @param hasTakenSignIn whether it ended a sign-in: a redirect back, and its state was ours
 * @returns undefined for an error that has nothing to do with a provider
 */
export function failedStep(error: unknown, hasTakenSignIn: boolean): StepId | undefined {
  if (!hasTakenSignIn) {
    if (error instanceof StateMismatchError) return 'refused';
    return isAboutProvider(error) ? 'failed-page' : undefined;
  }
  const isAboutRedirect = [
    StateMismatchError,
    IssuerMismatchError,
    MalformedResponseError,
    AuthorizationResponseError,
  ].some((kind) => error instanceof kind);
  if (isAboutRedirect) return 'authorization-response';
  return isAboutProvider(error) ? 'token-response' : 'signed-in';
}

function isAboutProvider(error: unknown): boolean {
  return [OAuthError, UpstreamError, NotAllowedError, ApiError, ConnectionLostError].some(
    (kind) => error instanceof kind,
  );
}

/** Where the page shows a step. */
export function anchorOf(provider: ProviderId, step: StepId): string {
  return `${provider}-${step}`;
}
