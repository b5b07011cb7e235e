// The words for what goes wrong between us and a provider: in the sign-in, in its API, or on the way.
import { UpstreamError } from '../http/upstream-error.js';
import { apiPage } from './api-error-page.js';
import type { ErrorPage, Place } from './error-page-parts.js';
import { signInPage } from './sign-in-error-page.js';
import { upstreamPage } from './upstream-error-page.js';

/** @returns undefined for an error that is not about a provider */
export function providerPage(error: unknown, place: Place): ErrorPage | undefined {
  const { provider } = place;
  if (!provider) return undefined;
  if (error instanceof UpstreamError) return upstreamPage(error, provider, place);
  return signInPage(error, provider, place) ?? apiPage(error, provider, place);
}
