// The words for what goes wrong between us and a provider: in the sign-in, and in its API.
import { UpstreamError, type UpstreamFailure } from '../http/upstream-error.js';
import { maskText } from '../mask.js';
import {
  AuthorizationResponseError,
  IssuerMismatchError,
  MalformedResponseError,
  StateMismatchError,
  TokenResponseError,
  UnusableTokenResponseError,
} from '../oauth/errors.js';
import { ApiError, NotAllowedError, type Provider } from '../providers/provider.js';
import { connectLink, HOME, type ErrorPage, type Place } from './error-page-parts.js';

/** @returns undefined for an error that is not about a provider */
export function providerPage(error: unknown, place: Place): ErrorPage | undefined {
  const { provider } = place;
  if (!provider) return undefined;
  if (error instanceof StateMismatchError) return stateMismatchPage(error, provider, place);
  if (error instanceof AuthorizationResponseError || error instanceof TokenResponseError) {
    return refusalPage(error, provider);
  }
  if (error instanceof UpstreamError) return upstreamPage(error, provider, place);
  if (error instanceof IssuerMismatchError) {
    return {
      status: 403,
      code: 'issuer_mismatch',
      title: 'This answer is not from where it should be',
      happened: `The answer arrived at the address for ${provider.name}, but names another server as its sender. Nothing was changed.`,
      next: 'Start the sign-in again.',
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
    const again = isSigningIn(place, provider) ? 'start the sign-in again' : 'try again';
    return {
      status: 502,
      code: 'unusable_token_response',
      title: `${provider.name} gave no usable token`,
      happened: `Its token endpoint answered something that is neither a token nor an error: ${error.message}. It may be that no OAuth server answers there.`,
      next: `Check that ${provider.settings.server} is the address of a ${provider.name} server with OAuth, then ${again}.`,
      link: againLink(place, provider),
    };
  }
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
      quotation: quote(error.messages.join('\n')),
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

/** What a provider says without returning our state, where we know what it means. */
const SAID_WITHOUT_STATE: ReadonlyMap<string, string> = new Map([
  ['invalid_client_id', 'does not know our client id'],
  ['redirect_uri_mismatch', 'says that our redirect URI is not the registered one'],
  ['invalid_request', 'says that the request was incomplete'],
  ['unsupported_response_type', 'says that it does not give out codes'],
  ['temporarily_unavailable', 'says that it cannot sign anybody in at the moment'],
  ['server_error', 'reports an error of its own'],
]);

function stateMismatchPage(
  error: StateMismatchError,
  provider: Provider,
  { serverUrl }: Place,
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

/** GoCD writes the codes of RFC 6749 with hyphens. */
export function canonical(code: string): string {
  return code.replaceAll('-', '_');
}

function refusalPage(
  error: AuthorizationResponseError | TokenResponseError,
  provider: Provider,
): ErrorPage {
  const { name, settings } = provider;
  const page = { code: 'refused', quotation: quote(error.code, error.description) };
  const again = connectLink(provider);
  switch (canonical(error.code)) {
    case 'access_denied':
      return {
        ...page,
        status: 403,
        title: 'Access was denied',
        happened: `You, or ${name}, did not allow this app to act for you. Nothing was changed.`,
        next: `If that was not meant, connect again and allow it. Otherwise there is nothing to do.`,
        link: again,
      };
    case 'invalid_grant':
      return {
        ...page,
        status: 400,
        title: `${name} did not accept the code`,
        happened: 'A code works once and for a few minutes. This one was used, or too old.',
        next: 'Start the sign-in again.',
        link: again,
      };
    case 'temporarily_unavailable':
      return {
        ...page,
        status: 503,
        title: `${name} is not available`,
        happened: `${name} says that it cannot sign anybody in at the moment.`,
        next: 'Try again in a few minutes.',
        link: again,
      };
    case 'server_error':
      return {
        ...page,
        status: 502,
        title: `${name} failed`,
        happened: `${name} reports an error of its own.`,
        next: 'Try again in a few minutes.',
        link: again,
      };
    case 'redirect_uri_mismatch':
      return {
        ...registrationPage(page, provider),
        next: `Register exactly this redirect URI at ${name}: ${provider.redirectUri} (it is built from SERVER_URL).`,
      };
    case 'invalid_scope':
      return {
        ...registrationPage(page, provider),
        next: `Check the scope that is asked for: ${provider.scope ?? 'none'}.`,
      };
    case 'invalid_client':
    case 'invalid_client_id':
    case 'invalid_client_credentials':
    case 'unauthorized_client':
      return {
        ...registrationPage(page, provider),
        next: `Check ${settings.clientId} and ${settings.clientSecret}, and that ${settings.server} is the server that gave them out.`,
      };
    default:
      // At the authorization endpoint the rest is about the request as we are registered to make it.
      return {
        ...registrationPage(page, provider),
        ...(error instanceof TokenResponseError && { status: 502 }),
        happened: `${name} refused what this app asked, for the reason below.`,
        next: `Whoever runs this app can check its registration at ${name} against ${settings.server}, ${settings.clientId} and ${settings.clientSecret}.`,
      };
  }
}

function registrationPage(
  page: { code: string; quotation: string },
  { name }: Provider,
): Omit<ErrorPage, 'next'> {
  return {
    ...page,
    status: 500,
    title: `This app is not set up right at ${name}`,
    happened: `${name} refused this app, not you: its registration there and its settings here do not fit together.`,
    link: HOME,
  };
}

const UPSTREAM_STATUS: Readonly<Record<UpstreamFailure, number>> = {
  timeout: 504,
  busy: 503,
  unreachable: 502,
  cancelled: 502,
  too_large: 502,
  redirect: 502,
  unexpected: 502,
};

function upstreamPage(error: UpstreamError, provider: Provider, place: Place): ErrorPage {
  const { name, settings } = provider;
  const checkServer = `Try again. If it stays, check ${settings.server}: scheme, host, port and path.`;
  const words: Record<UpstreamFailure, readonly [string, string]> = {
    timeout: [`${name} did not answer in time.`, 'Try again in a minute.'],
    busy: [`${name} asks to come back later.`, 'Wait a little, then try again.'],
    unreachable: [`${name} could not be reached at ${provider.server}.`, checkServer],
    cancelled: ['The request was ended by the browser.', 'Try again.'],
    too_large: [`${name} sent more than this app accepts.`, 'Try again later.'],
    redirect: [
      `${name} answered with a redirect where an answer should be. It was not followed: it would carry a secret elsewhere.`,
      `Check ${settings.server}: a server that wants https redirects plain http, and one without OAuth sends to its login page.`,
    ],
    unexpected: [
      `${name} answered with something that its documents do not describe.`,
      checkServer,
    ],
  };
  const [happened, next] = words[error.failure];
  return {
    status: UPSTREAM_STATUS[error.failure],
    code: `upstream_${error.failure}`,
    title: titleOf(error.failure, name),
    happened,
    next,
    ...(error.excerpt && {
      quotation: quote(`${String(error.status)} ${error.contentType ?? ''}`, error.excerpt),
    }),
    ...(error.retryAfter && { headers: { 'Retry-After': error.retryAfter } }),
    link: againLink(place, provider),
  };
}

function pathOf({ address }: Place): string {
  return address.split('?')[0] ?? '';
}

function isPasting(place: Place, { byHand }: Provider): boolean {
  return pathOf(place) === byHand.path;
}

function isSigningIn(place: Place, provider: Provider): boolean {
  return !isPasting(place, provider) && !pathOf(place).startsWith(provider.page);
}

/** A redirect works once: to load it again would only be refused. */
function againLink(place: Place, provider: Provider): { href: string; text: string } {
  if (isSigningIn(place, provider)) return connectLink(provider);
  const href = isPasting(place, provider) ? provider.byHand.path : place.address;
  return { href, text: 'Try again' };
}

function titleOf(failure: UpstreamFailure, name: string): string {
  if (failure === 'busy') return `${name} is busy`;
  const isAnswer = ['redirect', 'too_large', 'unexpected'].includes(failure);
  return isAnswer ? `No usable answer from ${name}` : `No answer from ${name}`;
}

/** A provider's words: without secrets that it may repeat, and short. The view escapes them. */
function quote(...texts: (string | undefined)[]): string {
  // Masked before it is cut: half a secret would not look like one.
  const whole = texts.filter((text) => text !== undefined).join(': ');
  return maskText(whole.slice(0, 5000)).slice(0, 500);
}
