// The forms for a key, and the cookie that comes with everything, with anything in them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyHeader, anySecret, anyText, ECHO, forAny } from '../../support/any.js';
import { answerOddly, oddAnswers, secretsSentTo } from '../../support/odd-answer.js';
import { expectNoLeak, expectPage } from '../../support/outcome.js';
import { answerTo } from '../../support/raw-request.js';
import type { Started } from '../../support/start.js';
import {
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../../support/stub-provider.js';
import { Visitor } from '../../support/visitor.js';

const contentTypes = fc.oneof(
  { weight: 3, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  fc.constantFrom(
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    '',
  ),
  anyHeader,
);

/** Bodies as forms and programs write them, with the token of our own form (CSRF) or without. */
const bodies = fc.oneof(
  anyText.map(formWith),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('credential', 'csrf_token', 'credential[]', 'credential[a]', '__proto__'),
        fc.oneof(fc.constant('CSRF'), anyText),
      ),
      { maxLength: 30 },
    )
    .map((fields) => new URLSearchParams(fields.map(([name, value]) => [name, value])).toString()),
  anyText,
  fc.integer({ min: 1, max: 30_000 }).map((length) => `credential=${'x'.repeat(length)}`),
);

function formWith(credential: string): string {
  return new URLSearchParams({ csrf_token: 'CSRF', credential }).toString();
}

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

describe.each([
  {
    path: '/rally/api-key',
    asked: '/slm/webservice/v2.0/user',
    page: '/rally',
    keys: anySecret.map((secret) => `_${secret}`),
  },
  {
    path: '/gocd/access-token',
    asked: '/go/cctray.xml',
    page: '/gocd',
    keys: fc.stringMatching(/^[0-9A-Za-z]{40}$/),
  },
])('POST $path', ({ path, asked, page, keys }) => {
  test('answers any body by 4xx, or tries what it can be', async () => {
    const visitor = new Visitor();
    stub.answers.set(asked, respond(401, 'text/html', 'no'));
    const form = await visitor.visit(started.url + path);
    const csrfToken = String(form.$('[name=csrf_token]').val());
    const cookie = String(form.headers['set-cookie']).split(';')[0] ?? '';

    await forAny(
      fc.record({ type: contentTypes, body: fc.oneof(bodies, keys.map(formWith)) }),
      async ({ type, body }) => {
        stub.received.length = 0;
        const answer = await answerTo(started, {
          method: 'POST',
          path,
          headers: { Cookie: cookie, 'Content-Type': type },
          body: body.replaceAll('CSRF', csrfToken),
        });

        expect([400, 401, 403, 413, 415]).toContain(answer.status);
        expectPage(answer);
        if (!body.includes('CSRF')) expect(stub.received).toEqual([]);
        for (const key of secretsSentTo(stub)) expect(key).toMatch(/^[!-~]{8,500}$/);
      },
    );
    expect((await visitor.visit(started.url + page)).status).toBe(401);
  });

  test('keeps to itself any key, whatever the provider says to it', async () => {
    await forAny(
      fc.record({ key: keys, answer: oddAnswers(fc.constantFrom(...TAKEN)) }),
      async ({ key, answer }) => {
        const visitor = new Visitor();
        const form = await visitor.visit(started.url + path);
        stub.received.length = 0;
        started.log.length = 0;
        answerOddly(stub, asked, answer);
        const tried = await visitor.submit(form, `form[action="${path}"]`, { credential: key });
        const home = await visitor.visit(started.url);

        expect([303, 401, 403, 502, 503]).toContain(tried.status);
        expect(home.status).toBe(200);
        expectPage(tried);
        expectPage(home);
        expect(secretsSentTo(stub)).toEqual([key]);
        expectNoLeak([key], [tried, home], started.log);
      },
    );
  });
});

/** Answers that let a key pass, and repeat it. */
const TAKEN = [
  `{"User":{"ObjectID":7,"DisplayName":"${ECHO}"}}`,
  `<Projects><Project name="${ECHO}"/></Projects>`,
];

describe('any page', () => {
  test.each(['/', '/rally', '/gocd', '/logout', '/login', '/oauth-redirect?state=a&code=b'])(
    '%s answers any cookie as it answers none',
    async (path) => {
      const without = await answerTo(started, { method: 'GET', path, headers: {} });
      const cookies = fc.oneof(
        anyHeader,
        anyHeader.map((value) => `sid=${value}`),
        fc.tuple(anyHeader, anyHeader).map(([id, signature]) => `sid=s%3A${id}.${signature}`),
        fc
          .array(fc.constantFrom('sid=', 's%3A', 's:', '%', ';', '=', '"', '__proto__', 'a'))
          .map((parts) => parts.join('')),
      );
      await forAny(
        cookies,
        async (cookie) => {
          const headers = { Cookie: cookie };
          const answer = await answerTo(started, { method: 'GET', path, headers });

          expect(answer.status).toBe(without.status);
          expectPage(answer);
        },
        { numRuns: 36 },
      );
    },
  );
});
