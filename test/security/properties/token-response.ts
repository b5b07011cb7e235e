// The answer to the token request, whatever a server calls so.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  OAuthError,
  TokenResponseError,
  UnusableTokenResponseError,
} from '../../../src/oauth/errors.js';
import { readTokenResponse } from '../../../src/oauth/token-request.js';
import type { Tokens } from '../../../src/oauth/tokens.js';
import { anyJson, anySecret, anyText, forAny } from '../../support/any.js';
import { answerOddly, oddAnswers, secretsSentTo } from '../../support/odd-answer.js';
import { expectNoLeak, expectPage } from '../../support/outcome.js';
import type { Started } from '../../support/start.js';
import {
  comeBack,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../../support/stub-provider.js';
import { Visitor } from '../../support/visitor.js';

const usually = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: anyJson });

const success = fc.record(
  {
    access_token: usually(anySecret),
    refresh_token: usually(anySecret),
    expires_in: usually(fc.oneof(fc.integer(), fc.integer().map(String))),
    token_type: anyJson,
  },
  { requiredKeys: ['access_token'] },
);

const failure = fc.record(
  {
    error: usually(fc.oneof(fc.constantFrom('invalid_grant', 'server_error'), anyText)),
    error_description: usually(anyText),
  },
  { requiredKeys: ['error'] },
);

const anyBody = fc.oneof(
  { weight: 3, arbitrary: success.map((fields) => JSON.stringify(fields)) },
  { weight: 2, arbitrary: failure.map((fields) => JSON.stringify(fields)) },
  {
    weight: 1,
    arbitrary: fc.tuple(success, failure).map((both) => JSON.stringify(Object.assign({}, ...both))),
  },
  { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: anyText },
);

describe('readTokenResponse, for any status and body', () => {
  test('gives tokens that fit into a header, or throws one of its two errors', async () => {
    const statuses = fc.oneof(
      fc.constant(200),
      fc.constant(400),
      fc.integer({ min: 100, max: 999 }),
    );
    await forAny(
      fc.record({ status: statuses, body: anyBody }),
      (answer) => {
        const tokens = attempt(() => readTokenResponse(answer));
        if (tokens) expectUsable(tokens, answer);
      },
      { numRuns: 600 },
    );
  });
});

function attempt(read: () => Tokens): Tokens | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(OAuthError);
    expect([TokenResponseError, UnusableTokenResponseError]).toContain(
      (error as OAuthError).constructor,
    );
    return undefined;
  }
}

function expectUsable(tokens: Tokens, { status, body }: { status: number; body: string }): void {
  const { accessToken, refreshToken, expiresInSeconds } = tokens;
  const sent = JSON.parse(body) as Record<string, unknown>;
  expect(status).toBe(200);
  expect(typeof sent['error']).not.toBe('string');
  expect(accessToken).toBe(sent['access_token']);
  expect(refreshToken ?? sent['refresh_token']).toBe(sent['refresh_token']);
  for (const token of [accessToken, ...(refreshToken === undefined ? [] : [refreshToken])]) {
    expect(() => new Headers({ zsessionid: token })).not.toThrow();
    expect(token).not.toMatch(/[\s"\\]/);
    expect(token.length).toBeLessThanOrEqual(4096);
  }
  if (expiresInSeconds !== undefined) {
    expect(expiresInSeconds).toBeGreaterThan(0);
    expect(() => new Date(Date.now() + expiresInSeconds * 1000).toISOString()).not.toThrow();
  }
}

describe.each([
  { path: '/oauth-redirect', provider: 'rally', tokenPath: '/login/oauth2/token' },
  { path: '/oauth-redirect/gocd', provider: 'gocd', tokenPath: '/go/oauth/token' },
] as const)('GET $path', ({ provider, tokenPath }) => {
  let stub: StubProvider;
  let started: Started;

  beforeAll(async () => {
    stub = await startStubProvider();
    started = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '0' });
  });
  afterAll(async () => {
    await started.close();
    await stub.close();
  });

  test('answers any token answer by a status of its own, and leaks nothing that is repeated in it', async () => {
    await forAny(oddAnswers(anyBody), async (answer) => {
      stub.received.length = 0;
      started.log.length = 0;
      answerOddly(stub, tokenPath, answer);
      const page = await comeBack(new Visitor(), started, provider);

      expect([303, 400, 403, 500, 502, 503]).toContain(page.status);
      expectPage(page);
      expectNoLeak(secretsSentTo(stub), [page], started.log);
      expect(stub.received.filter(({ line }) => line === `POST ${tokenPath}`)).toHaveLength(1);
    });
  });
});
