// In place of the dance: a string that a person has made at the provider by hand, Rally's API key or
// GoCD's personal access token. It is tried before it is kept, and never shown again.
import type { Request, RequestHandler, Response } from 'express';
import { isHeaderSafe } from '../oauth/tokens.js';
import { CredentialRejectedError, type Person, type Provider } from '../providers/provider.js';
import { csrfTokenOf } from '../session.js';
import { connectionByHand } from '../session/connection.js';
import { connect } from '../session/connections.js';

export function ownCredentialPage(provider: Provider): RequestHandler {
  return async (request, response) => {
    await render(request, response, provider);
  };
}

export function useOwnCredential(provider: Provider): RequestHandler {
  return async (request, response) => {
    const { ownCredential } = provider;
    const entered = (request.body as Record<string, unknown>)['credential'];
    const value = typeof entered === 'string' ? entered.trim() : '';
    if (
      // SECURITY.md D9: a line break would add headers to our requests.
      !isUsable(value) ||
      // SECURITY.md D9: another provider's credential must not be sent to this one.
      !ownCredential.shape.test(value)
    ) {
      logRefusal(request, provider, 'malformed');
      const fault = `That cannot be ${ownCredential.article}: ${ownCredential.looks}. Paste it whole, without spaces.`;
      await render(request, response.status(400), provider, fault);
      return;
    }
    const connection = connectionByHand(ownCredential.kind, value);
    let person: Person | undefined;
    try {
      person = await ownCredential.tryOut(request.upstream, connection);
    } catch (error) {
      if (!(error instanceof CredentialRejectedError)) throw error;
      logRefusal(request, provider, 'not accepted');
      const fault = `${provider.name} does not accept it. ${ownCredential.whyRejected}`;
      await render(request, response.status(401), provider, fault);
      return;
    }
    // A new session id, as after every sign-in.
    await connect(request, provider.id, { ...connection, ...(person && { person }) });
    response.redirect(303, provider.page);
  };
}

/** As `errors` logs a sign-in that fails. */
function logRefusal({ log }: Request, { id, ownCredential }: Provider, what: string): void {
  const facts = { event: 'sign-in refused', provider: id, reason: `${ownCredential.kind} ${what}` };
  log.warn(facts, `${ownCredential.label} refused`);
}

/** The field is empty each time: what was typed in is not sent back. */
async function render(
  request: Request,
  response: Response,
  provider: Provider,
  fault?: string,
): Promise<void> {
  response.render('own-credential', {
    title: `Use ${provider.ownCredential.article}`,
    provider,
    fault,
    csrfToken: await csrfTokenOf(request),
  });
}

function isUsable(value: string): boolean {
  return value.length >= 8 && value.length <= 500 && isHeaderSafe(value);
}
