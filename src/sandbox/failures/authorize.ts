// What an authorization endpoint says in place of asking the person (RFC 6749 §4.1.2.1).
import type { Failure, Strike } from '../failures.js';

export const authorizeFailures: Readonly<Record<string, Failure>> = {
  'authorize-denied': (strike) => {
    goBack(strike, 'access_denied', 'The user denied access');
  },
  'authorize-temporarily-unavailable': (strike) => {
    goBack(strike, 'temporarily_unavailable', 'Try again later');
  },
  'authorize-server-error': (strike) => {
    goBack(strike, 'server_error', 'Something went wrong');
  },
};

/** Stands behind the check of the redirect URI; GoCD says less: hyphens, no words, no state. */
function goBack({ request, response, provider }: Strike, error: string, description: string): void {
  const asked = { ...request.query, ...(request.body as object | undefined) } as {
    redirect_uri: string;
    state?: string;
  };
  const url = new URL(asked.redirect_uri);
  if (provider === 'gocd') {
    url.searchParams.set('error', error.replaceAll('_', '-'));
  } else {
    url.searchParams.set('error', error);
    url.searchParams.set('error_description', description);
    if (asked.state) url.searchParams.set('state', asked.state);
  }
  response.redirect(302, url.href);
}
