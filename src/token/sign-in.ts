// Steps 1 and 2 of the dance for one sign-in that no browser session belongs to: it lives as long as
// the command.
import { parse, unescape as withoutPercents } from 'node:querystring';
import { v4 as uuid } from 'uuid';
import { authorizationRequestUrl } from '../oauth/authorization-request.js';
import {
  readAuthorizationResponse,
  readState,
  type PendingSignIn,
  type RedirectParameters,
  type ValidatedResponse,
} from '../oauth/authorization-response.js';
import { StateMismatchError } from '../oauth/errors.js';
import { createCodeVerifier } from '../oauth/pkce.js';
import type { Provider } from '../providers/provider.js';
import { UsageError } from './arguments.js';
import { say } from './terminal.js';

/** A sign-in that waits for its redirect. */
export interface SignIn {
  /** For the person's browser. */
  readonly url: string;
  /** Checks a redirect as the web app does. The state works once, whatever comes of it. */
  readonly readRedirect: (parameters: RedirectParameters) => ValidatedResponse;
  /** Takes a code without a state, on the word of the person who pasted it. */
  readonly readBareCode: (code: string) => ValidatedResponse;
  /** Whether its state still works. */
  readonly isUnderWay: () => boolean;
}

export function beginSignIn(provider: Provider): SignIn {
  const state = uuid();
  const codeVerifier = createCodeVerifier();
  const { redirectUri } = provider;
  const startedAt = Date.now();
  let pending: PendingSignIn | undefined = { state, redirectUri, codeVerifier, startedAt };
  const read = (parameters: RedirectParameters) => {
    if (!pending) throw new StateMismatchError('unknown');
    const taken = pending;
    pending = undefined;
    return readAuthorizationResponse(provider, parameters, taken);
  };
  return {
    url: authorizationRequestUrl(provider, { state, codeVerifier }),
    readRedirect: (parameters) => {
      // A foreign redirect must not spend the sign-in: anybody can open the redirect URI.
      if (readState(provider, parameters) !== state) throw new StateMismatchError('unknown');
      return read(parameters);
    },
    readBareCode: (code) => read({ code, state }),
    isUnderWay: () => pending !== undefined,
  };
}

/**
 * Reads what a person has pasted.
 *
 * @param text the address that the browser was sent to, its query alone, or the code alone
 * @throws {OAuthError} for every redirect that the web app refuses
 * @throws {UsageError} when it is none of the three
 */
export function readPasted(provider: Provider, signIn: SignIn, text: string): ValidatedResponse {
  const address = addressIn(text, provider.redirectUri);
  if (address !== undefined) {
    if (!URL.canParse(address)) throw new UsageError('What was pasted is not a whole address.');
    const pasted = new URL(address);
    // Each provider answers at a redirect URI of its own, so that none can hand us a code of the
    // other's (mix-up, RFC 9700 §4.4.2).
    if (whereOf(pasted) !== whereOf(new URL(provider.redirectUri))) {
      throw new StateMismatchError('other_provider');
    }
    return signIn.readRedirect(parse(pasted.search.slice(1)));
  }
  // As it stands in the address: a code is shown nowhere else, and one with a real % has %25 there.
  const code = withoutPercents(text);
  if (!/^[\x21-\x7e]{1,2048}$/.test(code)) {
    throw new UsageError('What was pasted is neither an address nor a code (RFC 6749 §A.11).');
  }
  // Whoever makes a person paste a foreign code makes them work in a foreign account (§10.12). A
  // provider that knows PKCE stops it: the code was asked for with another challenge.
  say('A code alone carries no state: that it answers this sign-in could not be checked.');
  return signIn.readBareCode(code);
}

/** The address that was pasted, or its query: whole. Browsers show addresses without their scheme. */
function addressIn(text: string, redirectUri: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
  const { protocol } = new URL(redirectUri);
  if (text.startsWith('//')) return protocol + text;
  if (!/(?:^|[?#&])(?:code|state|error)=/.test(text)) return undefined;
  const isQuery = /^\??[\w.-]+=/.test(text);
  return isQuery ? `${redirectUri}?${text.replace(/^\?/, '')}` : `${protocol}//${text}`;
}

function whereOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
