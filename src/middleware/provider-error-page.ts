// The words for what goes wrong between us and a provider: in the sign-in, in its API, or on the way.
import { UpstreamError } from '../http/upstream-error.js';
import { apiPage } from './api-error-page.js';
import type { ErrorPage, Visit } from './error-page-parts.js';
import { signInPage } from './sign-in-error-page.js';
import { upstreamPage } from './upstream-error-page.js';

/** @returns undefined for an error that is not about a provider */
export function providerPage(error: unknown, visit: Visit): ErrorPage | undefined {
  const { provider } = visit;
  if (!provider) return undefined;
  if (error instanceof UpstreamError) return upstreamPage(error, provider, visit);
  return signInPage(error, provider, visit) ?? apiPage(error, provider, visit);
}
