// Steps 2 and 3 of the dance. The provider has sent the browser back, with a code or with an error.
// We check the answer, change the code for a token, and send the browser on to a page of ours.
import type { Request, RequestHandler } from 'express';
import { UpstreamError } from '../http/upstream-error.js';
import { readAuthorizationResponse, readState } from '../oauth/authorization-response.js';
import { StateMismatchError } from '../oauth/errors.js';
import { readTokenResponse, tokenRequest } from '../oauth/token-request.js';
import type { Person, Provider } from '../providers/provider.js';
import { connectionFrom, type Connection } from '../session/connection.js';
import { connect } from '../session/connections.js';
import { takeSignIn } from '../session/sign-ins.js';

export function oauthRedirect(provider: Provider): RequestHandler {
  return async (request, response) => {
    // State before all else. Until it is known to be ours, this may be anybody's link.
    const state = readState(provider, request.query);
    const signIn = await takeSignIn(request, provider.redirectUri, state);
    // SECURITY.md A4: not started in this browser, or used before: a forged redirect (§10.12).
    if (!signIn) throw new StateMismatchError('unknown');
    const authorization = readAuthorizationResponse(provider, request.query, signIn);

    const answer = await request.upstream.postForm(
      new URL(provider.tokenEndpoint),
      tokenRequest(provider, authorization),
    );
    const tokens = readTokenResponse(answer);

    const connection = connectionFrom(tokens);
    const person = await askWhoTheyAre(request, provider, connection);
    await connect(request, provider.id, { ...connection, ...(person && { person }) });
    // SECURITY.md A9: the code stays in no address bar and no history (§3.1.2.5).
    response.redirect(303, signIn.returnTo);
  };
}

/** A name is nice to have: the sign-in stands without it, and the page asks again. */
async function askWhoTheyAre(
  request: Request,
  provider: Provider,
  connection: Connection,
): Promise<Person | undefined> {
  try {
    return await provider.whoAmI?.(request.upstream, connection);
  } catch (error) {
    // A browser that has left would not learn the new session id, and must keep its session.
    if (error instanceof UpstreamError && error.failure === 'cancelled') throw error;
    request.log.warn({ err: error }, `signed in, but ${provider.name} did not say as whom`);
    return undefined;
  }
}
