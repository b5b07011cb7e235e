// Step 1 of the dance. GET /login/rally (or /login/gocd) sends the browser to the provider's authorization
// endpoint. The person signs in and decides there; the browser returns to `oauthRedirect`.
import type { RequestHandler } from 'express';
import { v4 as uuid } from 'uuid';
import { BadParameterError } from '../errors.js';
import { authorizationRequestUrl } from '../oauth/authorization-request.js';
import { createCodeVerifier } from '../oauth/pkce.js';
import { GOCD } from '../providers/gocd.js';
import type { Provider } from '../providers/provider.js';
import { RALLY } from '../providers/rally.js';
import { rememberSignIn } from '../session/sign-ins.js';

/** The only pages that a sign-in may end on: no address of a query is ever redirected to as it is. */
const RETURN_TO: readonly string[] = ['/', RALLY.page, GOCD.page, '/walkthrough'];

export function login(provider: Provider): RequestHandler {
  return async (request, response) => {
    const returnTo = request.query['return_to'] ?? provider.page;
    if (
      typeof returnTo !== 'string' ||
      // SECURITY.md F3: an open redirect would lend our name to phishing (RFC 9700 §4.11.1).
      !RETURN_TO.includes(returnTo)
    ) {
      throw new BadParameterError('return_to', `one of ${RETURN_TO.join(', ')}`);
    }

    const state = uuid(); // SECURITY.md A2: new for each sign-in, 122 random bits
    const codeVerifier = createCodeVerifier(); // SECURITY.md A2: new for each sign-in
    await rememberSignIn(request, {
      state,
      redirectUri: provider.redirectUri, // the answer counts at this redirect URI only
      codeVerifier,
      startedAt: Date.now(),
      returnTo,
    });
    response.redirect(302, authorizationRequestUrl(provider, { state, codeVerifier }));
  };
}
