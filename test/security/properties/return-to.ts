// GET /login's one parameter: a sign-in must never end outside of this app (RFC 9700 §4.11.1).
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyText, forAny } from '../../support/any.js';
import { expectPage } from '../../support/outcome.js';
import type { Started } from '../../support/start.js';
import {
  comeBack,
  json,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../../support/stub-provider.js';
import { Visitor } from '../../support/visitor.js';

const PAGES = ['/', '/rally', '/gocd'];

/** What open redirects were made of (oauth2-proxy's table, CVE-2020-5233 and the like). */
const pieces = fc.constantFrom(
  ...[
    '/',
    '//',
    '\\',
    '/\\',
    '%2f',
    '%5c',
    '%09',
    '%0d%0a',
    '.',
    '..',
    '@',
    ':',
    '?',
    '#',
    ';',
    '&',
  ],
  ...['\t', '\n', '\r', '\0', ' ', '\u2028', '\u3002', '\uff0f', '\u200b'],
  ...['http:', 'https://', 'javascript:', 'data:', 'evil.example', 'localhost', ...PAGES],
  ...['/logout', '/login', 'return_to=', 'RALLY'],
);

const dangerous = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((list) => list.join(''));
const anyPlace = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...PAGES) },
  { weight: 6, arbitrary: dangerous },
  { weight: 2, arbitrary: anyText },
  { weight: 1, arbitrary: fc.webUrl() },
);
/** As any program may write it: encoded, encoded twice, not at all, or more than once. */
const anyParameter = fc
  .tuple(anyPlace, fc.constantFrom('encoded', 'twice', 'raw', 'repeated', 'as an array'))
  .map(([place, form]) => {
    const encoded = new URLSearchParams({ '': place }).toString(); // with the `=` in front
    if (form === 'twice') return `return_to=${encodeURIComponent(encoded.slice(1))}`;
    if (form === 'raw') return `return_to=${place}`;
    if (form === 'repeated') return `return_to=/&return_to${encoded}`;
    return form === 'encoded' ? `return_to${encoded}` : `return_to[]${encoded}`;
  });

let stub: StubProvider;
let started: Started;

beforeAll(async () => {
  stub = await startStubProvider();
  for (const path of ['/login/oauth2/token', '/go/oauth/token']) {
    stub.answers.set(path, json({ access_token: 'the-token-of-the-stub' }));
  }
  started = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '0' });
});
afterAll(async () => {
  await started.close();
  await stub.close();
});

describe.each(['rally', 'gocd'] as const)('GET /login/%s', (provider) => {
  test('with any return_to is refused, or ends on a page of ours', async () => {
    const visitor = new Visitor();
    await forAny(anyParameter, async (query) => {
      const login = await visitor.visit(`${started.url}/login/${provider}?${query}`);
      if (login.status === 400) {
        expect(login.headers['location']).toBeUndefined();
        expectPage(login);
        return;
      }
      expect(login.status).toBe(302);
      expect(login.location.origin).toBe(stub.url);
      expect(login.location.searchParams.has('return_to')).toBe(false);

      const end = await comeBack(visitor, started, provider, login);
      expect(end.status).toBe(303);
      expect(PAGES).toContain(end.headers['location']);
    });
  });
});
