// The redirect URIs, with any query at all: anybody can make a browser open such a link.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyText, forAny } from '../../support/any.js';
import { expectNoLeak, expectPage } from '../../support/outcome.js';
import { answerTo } from '../../support/raw-request.js';
import type { Started } from '../../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../../support/stub-provider.js';
import { Visitor } from '../../support/visitor.js';

const names = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('code', 'error', 'error_description', 'iss', 'state') },
  { weight: 1, arbitrary: fc.constantFrom('code[]', 'state[]', 'state[a]', '__proto__', 'State') },
  { weight: 1, arbitrary: anyText },
);

const values = fc.oneof(
  fc.constantFrom('', 'access_denied', 'access-denied', 'server_error', 'invalid_scope'),
  anyText,
);

type Parameter = readonly [name: string, value: string];

const parameters = fc.array(fc.tuple(names, values), { maxLength: 5 });

/** Well-formed, malformed, and longer than any server reads. */
const anyQuery = fc.oneof(
  {
    weight: 5,
    arbitrary: parameters.map((list) => new URLSearchParams(list.map(copy)).toString()),
  },
  {
    weight: 5,
    arbitrary: fc.string({
      unit: fc.oneof(
        fc.constantFrom('%', '&', '=', '[', ']', '+', 'state', 'code', 'error', '%00', '%0d%0a'),
        fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 20_000 }).map((times) => 'state=a&'.repeat(times)),
  },
);

let stub: StubProvider;
let started: Started;

beforeAll(async () => {
  stub = await startStubProvider();
  stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', '<Projects></Projects>'));
  stub.answers.set(
    '/slm/webservice/v2.0/hierarchicalrequirement',
    json({ QueryResult: { Results: [] } }),
  );
  stub.answers.set('/slm/webservice/v2.0/user', json({ User: { ObjectID: 7 } }));
  started = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '0' });
});
afterAll(async () => {
  await started.close();
  await stub.close();
});

describe.each([
  { path: '/oauth-redirect', provider: 'rally', tokenPath: '/login/oauth2/token' },
  { path: '/oauth-redirect/gocd', provider: 'gocd', tokenPath: '/go/oauth/token' },
] as const)('GET $path', ({ path, provider, tokenPath }) => {
  test('with any query but a state of ours answers 4xx, asks nobody, and spoils no sign-in', async () => {
    const visitor = new Visitor();
    stub.answers.set(tokenPath, json({ access_token: 'the-token-of-the-stub' }));
    const { headers } = await comeBack(visitor, started, provider);
    const [cookie = ''] = String(headers['set-cookie']).split(';');
    const { redirect } = await beginSignIn(visitor);
    expect(cookie).toMatch(/^sid=/);
    stub.received.length = 0;

    await forAny(anyQuery, async (query) => {
      const answer = await answerTo(started, {
        method: 'GET',
        path: `${path}?${query}`,
        headers: { Cookie: cookie },
      });

      expect([400, 403, 431]).toContain(answer.status);
      if (answer.status !== 431) expectPage(answer); // Node's own, of a request that it does not read
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(stub.received).toEqual([]);
    });

    expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(200);
    expect((await visitor.visit(redirect)).status).toBe(303);
  });

  test('with a state of ours sends the code once or not at all, and fails as the contract says', async () => {
    const visitor = new Visitor();
    stub.answers.set(tokenPath, json({ error: 'invalid_grant' }, 400));
    const place = fc.nat();
    await forAny(fc.record({ parameters, place }), async ({ parameters, place }) => {
      const { redirect, state } = await beginSignIn(visitor);
      const all = parameters.toSpliced(place % (parameters.length + 1), 0, ['state', state]);
      redirect.search = new URLSearchParams(all.map(copy)).toString();
      stub.received.length = 0;
      started.log.length = 0;
      const page = await visitor.visit(redirect);
      const again = await visitor.visit(redirect);

      expectPage(page);
      expect(stub.received.map(({ line }) => line)).toEqual(
        mayAsk(all) ? [`POST ${tokenPath}`] : [],
      );
      expect(page.status).toBeLessThan(isRefusal(all) ? 504 : 500);
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(again.status).toBe(403);
      expectNoLeak([state], [page, again], started.log);
    });
  });

  async function beginSignIn(visitor: Visitor) {
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    const redirect = new URL(location.searchParams.get('redirect_uri') ?? '');
    const state = location.searchParams.get('state') ?? '';
    redirect.searchParams.set('state', state);
    redirect.searchParams.set('code', 'the-code-of-this-sign-in');
    return { redirect, state };
  }
});

/** The one shape of a query for which a code may leave: RFC 6749 §3.1 and §4.1.2, RFC 9207 §2.4. */
function mayAsk(query: readonly Parameter[]): boolean {
  const all = (name: string) => query.filter(([key]) => key === name).map(([, value]) => value);
  const isNone = ([first = '', ...others]: string[]) => first === '' && others.length === 0;
  const code = all('code');
  return (
    all('state').length === 1 &&
    isNone(all('iss')) &&
    isNone(all('error')) &&
    all('error_description').length <= 1 &&
    code.length === 1 &&
    !isNone(code)
  );
}

/** The provider itself says that it failed, or that we are not set up right. */
function isRefusal(query: readonly Parameter[]): boolean {
  return query.filter(([name, value]) => name === 'error' && value !== '').length === 1;
}

function copy([name, value]: Parameter): [string, string] {
  return [name, value];
}
