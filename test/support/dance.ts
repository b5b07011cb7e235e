import type { Started } from './start.js';
import type { Page, Visitor } from './visitor.js';

// A person's way through the sign-in, as far as each test wants to go.

/** From *Connect* to the provider's consent page, signing in there on the way. */
export async function goToConsent(
  visitor: Visitor,
  { url }: Pick<Started, 'url'>,
  provider: 'rally' | 'gocd',
  username = provider === 'rally' ? 'ada@example.test' : 'ada',
): Promise<Page> {
  const consentOrLogin = await visitor.browse(`${url}/login/${provider}`);
  if (consentOrLogin.$('input[name=password]').length === 0) return consentOrLogin;
  const signedIn = await visitor.submit(consentOrLogin, 'form', { username, password: 'sandbox' });
  return visitor.browse(signedIn.location);
}

/**
 * The person allows; the browser holds the redirect back, and has not followed it yet. Rally does not
 * ask again while a grant stands.
 */
export async function allow(visitor: Visitor, consent: Page): Promise<URL> {
  if (consent.status === 302) return consent.location;
  const decision = consent.url.pathname.startsWith('/login')
    ? { decision: 'allow' }
    : { authorize: 'Yes' };
  return (await visitor.submit(consent, 'form', decision)).location;
}

/** The person refuses. */
export async function deny(visitor: Visitor, consent: Page): Promise<URL> {
  const decision: Record<string, string> = consent.url.pathname.startsWith('/login')
    ? { decision: 'deny' }
    : {};
  return (await visitor.submit(consent, 'form', decision)).location;
}

/** The whole way, to the page that the app shows at the end. */
export async function signIn(
  visitor: Visitor,
  started: Pick<Started, 'url'>,
  provider: 'rally' | 'gocd',
  username?: string,
): Promise<Page> {
  const consent = await goToConsent(visitor, started, provider, username);
  // Where a grant stands, Rally does not ask again: the browser is back already.
  if (consent.url.origin === new URL(started.url).origin) return consent;
  return visitor.browse(await allow(visitor, consent));
}

/** The token requests that the provider has received so far. */
export function tokenRequests({ sandbox }: Started): number {
  return sandbox.world.received.all.filter(
    ({ path }) => path.endsWith('/oauth2/token') || path.endsWith('/oauth/token'),
  ).length;
}
