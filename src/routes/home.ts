// Step 0: GET / shows both providers, connected or not. Looking costs no session.
import type { Request, RequestHandler } from 'express';
import type { Provider, ProviderFacts } from '../providers/provider.js';
import { connectionTo } from '../session/connections.js';

/** A provider as home shows it; without the second part where it is not configured. */
export type Offer = readonly [ProviderFacts, Provider | undefined];

export function home(offers: readonly Offer[]): RequestHandler {
  return (request, response) => {
    response.render('home', {
      title: 'Rally and GoCD sign-in with OAuth 2.0',
      cards: offers.map(([facts, provider]) => ({
        facts,
        provider,
        connection: provider && describeConnection(request, provider),
      })),
      csrfToken: request.session.csrfToken,
    });
  };
}

function describeConnection(request: Request, provider: Provider) {
  const connection = connectionTo(request, provider.id);
  return (
    connection && {
      name: connection.person?.name,
      kind: connection.kind,
      canBeRenewed: connection.refreshToken !== undefined,
      refreshes: connection.refreshes ?? 0,
      isNamed: provider.whoAmI !== undefined,
      since: new Date(connection.connectedAt).toISOString(),
      // One that has ended is still a connection where it can be renewed.
      hasTokenEnded: connection.expiresAt !== undefined && connection.expiresAt <= Date.now(),
      lifeLeft:
        connection.expiresAt === undefined ? undefined : inWords(connection.expiresAt - Date.now()),
    }
  );
}

/** Rounded: a token of 24 hours is not one of 23 as soon as it is here. */
function inWords(milliseconds: number): string {
  if (milliseconds < 60_000) return 'less than a minute';
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
