// What a token endpoint can do in place of giving a token.
import type { Failure, Strike } from '../failures.js';
import { answer, busy, dripping, elsewhere, hanging, html, huge, reset, slow } from './broken.js';

const JSON_TYPE = 'application/json';

export const tokenFailures: Readonly<Record<string, Failure>> = {
  'token-invalid-grant': (strike) => {
    refuse(strike, 400, 'invalid_grant', 'Invalid code');
  },
  'token-invalid-client': (strike) => {
    refuse(strike, 401, 'invalid_client', 'Invalid client credentials');
  },
  // Strikes refreshes alone.
  'token-refresh-refused': (strike) => {
    refuse(strike, 400, 'invalid_grant', 'Invalid refresh_token');
  },
  // As Rails and Spring report their own faults: no OAuth error, though it has a member `error`.
  'token-server-error': answer(500, JSON_TYPE, '{"status":500,"error":"Internal Server Error"}'),
  'token-503': busy(503),
  'token-429': busy(429),
  'token-html': html(200, 'Welcome'),
  'token-truncated': answer(200, JSON_TYPE, '{"access_token":"Qx8'),
  'token-empty': answer(200, JSON_TYPE, ''),
  'token-wrong-types': answer(200, JSON_TYPE, '{"access_token":["Qx8"],"expires_in":{}}'),
  'token-slow': slow,
  'token-hanging': hanging,
  'token-dripping': dripping,
  'token-reset': reset,
  'token-huge': huge(JSON_TYPE, '{"access_token":"', 'x'.repeat(64 * 1024)),
  'token-redirect': elsewhere,
  // GoCD over plain http: the body of the request, secret and code included, goes into the query.
  // Masked here, where it would only be written to logs.
  'token-https-required': ({ response }) => {
    response.redirect(302, 'https://gocd.example/go/oauth/token?client_secret=…&code=…');
  },
};

/** In the words of the one that is asked: Rally's documented body, or GoCD's codes and status. */
function refuse(
  { response, provider }: Strike,
  status: number,
  error: string,
  error_description: string,
): void {
  if (provider === 'rally') {
    response
      .status(status)
      .json({ client_id: null, client_secret: null, error_description, error });
    return;
  }
  const ofGocd =
    error === 'invalid_client'
      ? {
          error: 'invalid-client-credentials',
          error_description: 'Invalid client credentials!',
        }
      : { error: 'invalid-grant', error_description: 'Authorization expired or invalid!' };
  response.status(400).set('Cache-Control', 'no-cache').json(ofGocd);
}
