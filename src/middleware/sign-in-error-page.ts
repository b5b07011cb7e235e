import {
  AuthorizationResponseError,
  IssuerMismatchError,
  MalformedResponseError,
  StateMismatchError,
  TokenResponseError,
  UnusableTokenResponseError,
} from '../oauth/errors.js';
import type { Provider } from '../providers/provider.js';
import {
  againLink,
  connectLink,
  isSigningIn,
  quote,
  type ErrorPage,
  type Visit,
} from './error-page-parts.js';
import { canonical, otherRefusal, REFUSALS, SAID_WITHOUT_STATE } from './oauth-error-words.js';

/** @returns undefined for an error that is not about a sign-in or a token */
export function signInPage(
  error: unknown,
  provider: Provider,
  visit: Visit,
): ErrorPage | undefined {
  if (error instanceof StateMismatchError) return stateMismatchPage(error, provider, visit);
  if (error instanceof AuthorizationResponseError || error instanceof TokenResponseError) {
    return refusalPage(error, provider);
  }
  if (error instanceof IssuerMismatchError) {
    return {
      status: 403,
      code: 'issuer_mismatch',
      title: 'This answer is not from where it should be',
      happened: `The answer arrived at the address for ${provider.name}, but names another server as its sender than ${provider.issuer}. Nothing was changed.`,
      next: `Start the sign-in again. If it stays, ${provider.settings.server} must be the name that the server gives itself, to the letter.`,
      quotation: { caption: 'The sender that the answer names (iss)', words: quote(error.issuer) },
      link: connectLink(provider),
    };
  }
  if (error instanceof MalformedResponseError) {
    return {
      status: 400,
      code: 'malformed_response',
      title: `${provider.name}’s answer is incomplete`,
      happened: `The sign-in is the one that you began, but ${error.message}.`,
      next: 'Start the sign-in again.',
      link: connectLink(provider),
    };
  }
  if (error instanceof UnusableTokenResponseError) {
    const again = isSigningIn(visit, provider) ? 'start the sign-in again' : 'try again';
    return {
      status: 502,
      code: 'unusable_token_response',
      title: `${provider.name} gave no usable token`,
      happened: `Its token endpoint answered something that is neither a token nor an error: ${error.message}. It may be that no OAuth server answers there.`,
      next: `Check that ${provider.settings.server} is the address of a ${provider.name} server with OAuth, then ${again}.`,
      link: againLink(visit, provider),
    };
  }
  return undefined;
}

function stateMismatchPage(
  error: StateMismatchError,
  provider: Provider,
  { serverUrl }: Visit,
): ErrorPage {
  const code = canonical(error.errorCode ?? '');
  if (code === 'access_denied') {
    return {
      status: 403,
      code: 'state_mismatch',
      title: 'The sign-in was not completed',
      happened: `${provider.name} says that access was denied. It does not say which sign-in it means, so nothing was changed.`,
      next: 'If you denied it yourself, there is nothing to do. Otherwise connect again and allow it.',
      link: connectLink(provider),
    };
  }
  const said = SAID_WITHOUT_STATE.get(code);
  return {
    status: 403,
    code: 'state_mismatch',
    title: said ? 'The sign-in was not completed' : 'This sign-in was not begun here',
    happened: said
      ? `${provider.name} ${said}. It does not say which sign-in it means, so nothing was changed.`
      : `The answer does not belong to a sign-in that this browser has under way (its state is ${error.reason.replace('_', ' ')}). It may be old, used already, or made up by somebody else. Nothing was changed.`,
    next: `Open ${serverUrl} and connect from there. Another name for the same machine, such as 127.0.0.1 for localhost, has other cookies.`,
    link: { href: `${serverUrl}/`, text: `Go to ${serverUrl}` },
  };
}

function refusalPage(
  error: AuthorizationResponseError | TokenResponseError,
  provider: Provider,
): ErrorPage {
  const words =
    REFUSALS.get(canonical(error.code))?.(provider) ??
    otherRefusal(provider, error instanceof TokenResponseError);
  return {
    link: connectLink(provider),
    ...words,
    code: 'refused',
    quotation: {
      caption: `What ${provider.name} says`,
      words: quote(error.code, error.description),
    },
  };
}
