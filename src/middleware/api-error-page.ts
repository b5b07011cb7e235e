import { ApiError, NotAllowedError, type Provider } from '../providers/provider.js';
import {
  againLink,
  HOME,
  isPasting,
  isSigningIn,
  shortened,
  type ErrorPage,
  type Visit,
} from './error-page-parts.js';

/** @returns undefined for an error that a provider's API does not answer with */
export function apiPage(error: unknown, provider: Provider, visit: Visit): ErrorPage | undefined {
  if (error instanceof NotAllowedError) {
    return {
      status: 403,
      code: 'not_allowed',
      title: `${provider.name} does not allow this`,
      happened: isPasting(visit, provider)
        ? `${provider.name} knows what you have pasted, and does not show ${provider.shows} to whoever has it. It was not kept.`
        : `You are signed in, but ${provider.name} does not show ${provider.shows} to this app. Connecting again would not help.`,
      next: provider.whyForbidden,
      link: HOME,
    };
  }
  if (error instanceof ApiError) {
    return {
      status: 502,
      code: 'api_error',
      title: `${provider.name} could not answer`,
      happened: `${provider.name} took the request and reported an error.`,
      ...refusedAs(visit, provider),
      quotation: {
        caption: `What ${provider.name} says`,
        // Without what was sent there already. Masked by names, too, `State = Opne` would hide its fault.
        words: shortened(error.messages.join('\n')),
      },
    };
  }
  return undefined;
}

/** A provider that refuses what the address asks for will do so again. */
function refusedAs(visit: Visit, provider: Provider) {
  return !visit.address.includes('?') || isSigningIn(visit, provider)
    ? {
        next: 'Try again. If it stays, its text says what is wrong.',
        link: againLink(visit, provider),
      }
    : {
        next: 'Its text says what is wrong: it may be something that the address asks for.',
        link: { href: provider.page, text: 'Open the page without filters' },
      };
}
