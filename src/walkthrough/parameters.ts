// The reason of each parameter, header and field that the two providers send and we know.
import type { Provider } from '../providers/provider.js';

export type Reasons = Readonly<Record<string, string>>;

/** What our authorization request says (RFC 6749 §4.1.1). */
export const AUTHORIZATION_REQUEST: Reasons = {
  response_type: 'A code: the token itself never passes the browser.',
  client_id: 'Who asks. Public, and worth nothing without the secret.',
  redirect_uri:
    'Where to send the browser back. Registered before, and compared to the letter: a code goes nowhere else.',
  scope: 'What is asked for: no more than this app needs.',
  state:
    'New for each sign-in, and impossible to guess. It comes back unchanged, which ties the answer to this browser (§10.12).',
  code_challenge:
    'The SHA-256 of a secret that stays here: whoever steals the code lacks that (PKCE, RFC 7636).',
  code_challenge_method: '“plain” would show the secret itself (RFC 7636 §4.2).',
};

/** What may be in a redirect back (RFC 6749 §4.1.2). */
export function authorizationResponse({ name }: Provider): Reasons {
  return {
    code: 'Stands for your “yes”. It works once, for a few minutes, and only for this app.',
    state:
      'As it was sent. It is spent before anything else is looked at, and works no second time.',
    error: 'Why there is no code (§4.1.2.1).',
    error_description: `${name}’s own words. They are shown as a quotation, never as ours.`,
    error_uri: 'A page about the error. This app does not send anybody there.',
    iss: 'Which server answers. Another than the one asked is refused (RFC 9207).',
    expires_in: 'How many seconds the code lives. This app does not rely on it.',
    scope: 'What was granted.',
  };
}

export const UNKNOWN_PARAMETER = 'Not known to this app: ignored (§4.1.2).';

/** What our token request and a refresh say (RFC 6749 §4.1.3, §6). */
export const TOKEN_REQUEST: Reasons = {
  grant_type: 'What is given for the token, in this server’s own spelling.',
  code: 'As it arrived. Any try burns it, also one that fails.',
  refresh_token: 'The newest one that was given. The answer may bring another in its place.',
  redirect_uri: 'The same as before: the code is bound to it.',
  client_id: 'Who asks.',
  client_secret: 'Proves it. In the body, never in a URL: URLs are written to logs (§2.3.1).',
  code_verifier:
    'The secret of this one sign-in, whose SHA-256 went along with the request (RFC 7636 §4.5).',
};

/** What a token answer says (RFC 6749 §5.1, §5.2). */
export const TOKEN_RESPONSE: Reasons = {
  access_token: 'Opens the API. It stays on the server.',
  refresh_token: 'Buys the next access token, without asking you again.',
  token_type: 'How the token is to be used. This app goes by the provider’s documents instead.',
  expires_in: 'How many seconds the access token lives from now on.',
  scope: 'What was granted, where it differs from what was asked.',
  error: 'Why there is no token (§5.2).',
  error_description: 'The server’s own words.',
  error_uri: 'A page about the error.',
};

/** The headers that carry a credential, lower case. */
export const CREDENTIAL_HEADERS: Reasons = {
  zsessionid: 'Rally’s own header for an access token or an API key: not “Authorization: Bearer”.',
  authorization: 'The token, in GoCD’s own form.',
};
