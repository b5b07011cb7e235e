// What a token endpoint can do in place of giving a token.
import type { Request } from 'express';
import type { Failure } from '../failures.js';
import {
  answer,
  busy,
  dripping,
  elsewhere,
  hanging,
  html,
  huge,
  redirectTo,
  reset,
  slow,
} from './broken.js';

const JSON_TYPE = 'application/json';

const refusal = (error: string, description: string): Failure => ({
  fail: ({ refuse }) => {
    refuse(error, description);
  },
});

export const tokenFailures: ReadonlyMap<string, Failure> = new Map(
  Object.entries<Failure>({
    'token-invalid-grant': refusal('invalid_grant', 'Invalid code'),
    'token-invalid-client': refusal('invalid_client', 'Invalid client credentials'),
    'token-refresh-refused': {
      ...refusal('invalid_grant', 'Invalid refresh_token'),
      isAbout: isRefresh,
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
    'token-dripping': dripping(JSON_TYPE, '{'),
    'token-reset': reset,
    'token-huge': huge(JSON_TYPE, '{"access_token":"', 'x'.repeat(64 * 1024)),
    'token-redirect': elsewhere,
    // GoCD over plain http: the body of the request, secret and code included, goes into the query.
    // Masked here, where it would only be written to logs.
    'token-https-required': {
      ...redirectTo('https://gocd.example/go/oauth/token?client_secret=…&code=…'),
      provider: 'gocd',
    },
  }),
);

function isRefresh({ body }: Request): boolean {
  const grantType = (body as Record<string, unknown> | undefined)?.['grant_type'];
  return typeof grantType === 'string' && grantType.startsWith('refresh');
}
