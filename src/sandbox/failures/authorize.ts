// What an authorization endpoint says in place of asking the person (RFC 6749 §4.1.2.1).
import type { Failure } from '../failures.js';

const refusal = (error: string, description: string): Failure => ({
  fail: ({ refuse }) => {
    refuse(error, description);
  },
});

export const authorizeFailures: ReadonlyMap<string, Failure> = new Map(
  Object.entries({
    'authorize-denied': refusal('access_denied', 'The user denied access'),
    'authorize-temporarily-unavailable': refusal('temporarily_unavailable', 'Try again later'),
    'authorize-server-error': refusal('server_error', 'Something went wrong'),
  }),
);
