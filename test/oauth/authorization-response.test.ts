import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  readAuthorizationResponse,
  readState,
  type PendingSignIn,
} from '../../src/oauth/authorization-response.js';
import {
  AuthorizationResponseError,
  IssuerMismatchError,
  MalformedResponseError,
  StateMismatchError,
} from '../../src/oauth/errors.js';
import { client } from '../support/oauth-client.js';
import { thrownBy } from '../support/thrown.js';

const NOW = 1_790_000_000_000;
const pending: PendingSignIn = {
  state: 's',
  redirectUri: client.redirectUri,
  codeVerifier: 'v'.repeat(43),
  startedAt: NOW - 1000,
};

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const read = (parameters: Record<string, unknown>, signIn: PendingSignIn = pending) =>
  readAuthorizationResponse(client, { state: 's', ...parameters }, signIn);

describe('readState, RFC 6749 §10.12', () => {
  test('returns the state', () => {
    expect(readState(client, { state: 'abc' })).toBe('abc');
  });

  test.each([{}, { state: '' }, { state: undefined }, { error: 'access_denied' }])(
    'refuses %j as missing',
    (parameters) => {
      expect(() => readState(client, parameters)).toThrow(new StateMismatchError('missing'));
    },
  );

  test.each([[['a', 'b']], [['a']], [{ a: 'b' }]])('refuses %j as repeated', (state) => {
    expect(() => readState(client, { state })).toThrow(new StateMismatchError('repeated'));
  });

  test('tells the error code of a server that returns no state with it', () => {
    const gocd = { ...client, returnsStateOnErrors: false };

    expect(thrownBy(() => readState(gocd, { error: 'access-denied' }))).toMatchObject({
      reason: 'missing',
      errorCode: 'access-denied',
    });
  });
});

describe('readAuthorizationResponse, RFC 6749 §4.1.2', () => {
  test('returns the code with what the token request needs', () => {
    expect(read({ code: 'c', state: 's', expires_in: '3599', unknown: 'ignored' })).toEqual({
      code: 'c',
      redirectUri: pending.redirectUri,
      codeVerifier: pending.codeVerifier,
    });
  });

  test('believes nothing that comes with another state, not even an error', () => {
    expect(() => read({ state: 'other', code: 'c', error: 'access_denied' })).toThrow(
      new StateMismatchError('unknown'),
    );
  });

  test('believes nothing that comes without a state: missing never equals missing', () => {
    const none = { ...pending, state: undefined } as unknown as PendingSignIn;

    expect(() => read({ state: undefined, code: 'c' }, none)).toThrow(
      new StateMismatchError('missing'),
    );
  });

  test('counts an empty parameter as none (§3.1)', () => {
    expect(read({ code: 'c', error: '', iss: '' }).code).toBe('c');
  });

  test('takes ten minutes, and not a millisecond more', () => {
    const tenMinutes = 10 * 60 * 1000;

    expect(read({ code: 'c' }, { ...pending, startedAt: NOW - tenMinutes }).code).toBe('c');
    expect(() => read({ code: 'c' }, { ...pending, startedAt: NOW - tenMinutes - 1 })).toThrow(
      new StateMismatchError('stale'),
    );
  });

  test('refuses a sign-in that was begun for another redirect URI (RFC 9700 §4.4.2)', () => {
    const other = { ...pending, redirectUri: 'https://app.example/oauth-redirect/gocd' };

    expect(() => read({ code: 'c' }, other)).toThrow(new StateMismatchError('other_provider'));
  });

  test('compares iss where it is present (RFC 9207 §2.4)', () => {
    expect(read({ code: 'c', iss: client.issuer }).code).toBe('c');
    expect(() => read({ code: 'c', iss: 'https://attacker.example' })).toThrow(IssuerMismatchError);
  });

  test('reads the error before the code (§4.1.2.1)', () => {
    expect(
      thrownBy(() => read({ code: 'c', error: 'access_denied', error_description: 'no' })),
    ).toMatchObject({
      constructor: AuthorizationResponseError,
      code: 'access_denied',
      description: 'no',
    });
  });

  test.each([
    [{}],
    [{ code: '' }],
    [{ code: ['c', 'c'] }],
    [{ code: { a: 'c' } }],
    [{ code: 'c', error: ['a', 'b'] }],
    [{ code: 'c', iss: ['a', 'b'] }],
  ])('refuses %j as malformed (§3.1)', (parameters) => {
    expect(() => read(parameters)).toThrow(MalformedResponseError);
  });
});
