// What the error codes of RFC 6749 (§4.1.2.1, §5.2), and GoCD's own, mean to a person.
import type { Provider } from '../providers/provider.js';
import { HOME, type ErrorPage } from './error-page-parts.js';

/** Without a link of its own a page starts the sign-in again. */
type Words = Pick<ErrorPage, 'status' | 'title' | 'happened' | 'next' | 'link'>;
type WordsOf = (provider: Provider) => Words;

/** GoCD writes the codes of RFC 6749 with hyphens. */
export function canonical(code: string): string {
  return code.replaceAll('-', '_');
}

function registration(provider: Provider, next: string): Words {
  const { name } = provider;
  return {
    status: 500,
    title: `This app is not set up right at ${name}`,
    happened: `${name} refused this app, not you: its registration there and its settings here do not fit together.`,
    next,
    link: HOME,
  };
}

const wrongClient: WordsOf = (provider) => {
  const { server, clientId, clientSecret } = provider.settings;
  return registration(
    provider,
    `Check ${clientId} and ${clientSecret}, and that ${server} is the server that gave them out.`,
  );
};

/** By their codes, as {@link canonical} spells them. */
export const REFUSALS: ReadonlyMap<string, WordsOf> = new Map<string, WordsOf>([
  [
    'access_denied',
    ({ name }) => ({
      status: 403,
      title: 'Access was denied',
      happened: `You, or ${name}, did not allow this app to act for you. Nothing was changed.`,
      next: `If that was not meant, connect again and allow it. Otherwise there is nothing to do.`,
    }),
  ],
  [
    'invalid_grant',
    ({ name }) => ({
      status: 400,
      title: `${name} did not accept the code`,
      happened: 'A code works once and for a few minutes. This one was used, or too old.',
      next: 'Start the sign-in again.',
    }),
  ],
  [
    'temporarily_unavailable',
    ({ name }) => ({
      status: 503,
      title: `${name} is not available`,
      happened: `${name} says that it cannot sign anybody in at the moment.`,
      next: 'Try again in a few minutes.',
    }),
  ],
  [
    'server_error',
    ({ name }) => ({
      status: 502,
      title: `${name} failed`,
      happened: `${name} reports an error of its own.`,
      next: 'Try again in a few minutes.',
    }),
  ],
  [
    'redirect_uri_mismatch',
    (provider) =>
      registration(
        provider,
        `Register exactly this redirect URI at ${provider.name}: ${provider.redirectUri} (it is built from SERVER_URL).`,
      ),
  ],
  [
    'invalid_scope',
    (provider) =>
      registration(provider, `Check the scope that is asked for: ${provider.scope ?? 'none'}.`),
  ],
  ['invalid_client', wrongClient],
  ['invalid_client_id', wrongClient],
  ['invalid_client_credentials', wrongClient],
  ['unauthorized_client', wrongClient],
]);

/**
 * Of any other code. At the authorization endpoint the rest is about the request as we are registered
 * to make it.
 */
export function otherRefusal(provider: Provider, isOfTokenEndpoint: boolean): Words {
  const { name, settings } = provider;
  return {
    ...registration(
      provider,
      `Whoever runs this app can check its registration at ${name} against ${settings.server}, ${settings.clientId} and ${settings.clientSecret}.`,
    ),
    ...(isOfTokenEndpoint && { status: 502 }),
    happened: `${name} refused what this app asked, for the reason below.`,
  };
}

/** What a provider says without returning our state, where we know what it means. */
export const SAID_WITHOUT_STATE: ReadonlyMap<string, string> = new Map([
  ['invalid_client_id', 'does not know our client id'],
  ['redirect_uri_mismatch', 'says that our redirect URI is not the registered one'],
  ['invalid_request', 'says that the request was incomplete'],
  ['unsupported_response_type', 'says that it does not give out codes'],
  ['temporarily_unavailable', 'says that it cannot sign anybody in at the moment'],
  ['server_error', 'reports an error of its own'],
]);
