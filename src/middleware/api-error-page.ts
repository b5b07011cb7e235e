import { ApiError, NotAllowedError, type Provider } from '../providers/provider.js';
import {
  againLink,
  HOME,
  isPasting,
  isSigningIn,
  quote,
  type ErrorPage,
  type Place,
} from './error-page-parts.js';

/** @returns undefined for an error that a provider's API does not answer with */
export function apiPage(error: unknown, provider: Provider, place: Place): ErrorPage | undefined {
  if (error instanceof NotAllowedError) {
    return {
      status: 403,
      code: 'not_allowed',
      title: `${provider.name} does not allow this`,
      happened: isPasting(place, provider)
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
      ...refusedAs(place, provider),
      quotation: {
        caption: `What ${provider.name} says`,
        words: quote(error.messages.join('\n')),
      },
    };
  }
  return undefined;
}

/** A provider that refuses what the address asks for will do so again. */
function refusedAs(place: Place, provider: Provider) {
  return !place.address.includes('?') || isSigningIn(place, provider)
    ? {
        next: 'Try again. If it stays, its text says what is wrong.',
        link: againLink(place, provider),
      }
    : {
        next: 'Its text says what is wrong: it may be something that the address asks for.',
        link: { href: provider.page, text: 'Open the page without filters' },
      };
}
