// SECURITY.md, A: the authorization request, and the redirect back.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { letAllBeWell, PROVIDERS } from '../support/both-providers.js';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor, type Page } from '../support/visitor.js';

let stub: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  stub = await startStubProvider();
  letAllBeWell(stub);
  started = await startWithStub(stub);
  visitor = new Visitor();
});
afterEach(async () => {
  await closeAll();
  await stub.close();
});

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(PROVIDERS)('$name', (at) => {
  const { provider, other, redirectPath, authorizePath, tokenPath } = at;

  /** Begins a sign-in; what the browser then has to bring back. */
  async function begin(who = visitor): Promise<{ location: URL; state: string }> {
    const { location } = await who.visit(`${started.url}/login/${provider}`);
    return { location, state: location.searchParams.get('state') ?? '' };
  }

  async function returnWith(query: string, who = visitor): Promise<Page> {
    return who.visit(`${started.url}${redirectPath}?${query}`);
  }

  const tokenRequests = () => stub.received.filter(({ line }) => line === `POST ${tokenPath}`);

  test('A1 the request goes to the configured endpoint with exactly the documented parameters, once each, and a scope no wider than alm (RFC 6749 §3.1, §4.1.1; ASVS 10.2.3)', async () => {
    const { location } = await begin();
    const names = [...location.searchParams.keys()].sort();

    expect(location.origin + location.pathname).toBe(stub.url + authorizePath);
    expect(names).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'redirect_uri',
      'response_type',
      ...(provider === 'rally' ? ['scope'] : []),
      'state',
    ]);
    expect(location.searchParams.get('scope')).toBe(provider === 'rally' ? 'alm' : null);
    expect(location.searchParams.get('redirect_uri')).toBe(started.url + redirectPath);
    expect(location.searchParams.get('code_challenge_method')).toBe('S256');
  });

  test('A2 state is a UUID v4, and a new one each time, as the code verifier is (RFC 9700 §2.1; ASVS 10.1.2)', async () => {
    const begun = await Promise.all(Array.from({ length: 30 }, () => begin()));
    const states = begun.map(({ state }) => state);

    expect(states.filter((state) => !UUID_V4.test(state))).toEqual([]);
    expect(new Set(states).size).toBe(30);
    const challenges = begun.map(({ location }) => location.searchParams.get('code_challenge'));
    expect(new Set(challenges).size).toBe(30);
  });

  test.each([
    ['query', '?redirect_uri=https://evil.example&client_id=evil&scope=all&state=evil', {}],
    ['query with a prototype', '?__proto__=x&constructor[prototype][scope]=all', {}],
    ['Host', '', { Host: 'evil.example' }],
    ['X-Forwarded-Host', '', { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Port': '1' }],
    ['X-Forwarded-Proto', '', { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Ssl': 'on' }],
    ['Forwarded', '', { Forwarded: 'host=evil.example;proto=https' }],
    ['X-Original-URL', '', { 'X-Original-URL': '/evil', 'X-Rewrite-URL': '/evil' }],
    [
      'Referer and Origin',
      '',
      { Referer: 'https://evil.example/', Origin: 'https://evil.example' },
    ],
  ])(
    'A3 nothing from %s reaches the request (RFC 9700 §4.13; ASVS 4.1.3, 15.3.7)',
    async (_from, query, headers) => {
      const usual = (await begin()).location;
      const { location } = await visitor.visit(`${started.url}/login/${provider}${query}`, headers);
      for (const url of [usual, location]) {
        for (const name of ['state', 'code_challenge']) url.searchParams.delete(name);
      }

      expect(location.href).toBe(usual.href);
    },
  );

  test.each([
    ['missing', () => 'code=c'],
    ['empty', () => 'code=c&state='],
    ['wrong', () => 'code=c&state=11111111-1111-4111-8111-111111111111'],
    ['repeated', (state: string) => `code=c&state=${state}&state=${state}`],
    ['repeated, the first one empty', (state: string) => `code=c&state=&state=${state}`],
    ['an array', (state: string) => `code=c&state[]=${state}`],
    ['an object', (state: string) => `code=c&state[toString]=${state}`],
    ['in upper case', (state: string) => `code=c&state=${state.toUpperCase()}`],
    ['followed by more', (state: string) => `code=c&state=${state}%00`],
    ['cut', (state: string) => `code=c&state=${state.slice(0, -1)}`],
    ['a name of every object', () => 'code=c&state=__proto__'],
    ['beside an error that is believed first', () => 'error=access_denied&state=wrong'],
  ])(
    'A4 a state that is %s stops before the token endpoint (RFC 9700 §2.1, §4.7; RFC 6749 §10.12; ASVS 10.1.2, 10.2.1, 15.3.5)',
    async (_what, query) => {
      const { state } = await begin();
      const answer = await returnWith(query(state));

      expect(answer.status).toBe(403);
      expect(stub.received).toEqual([]);
      expect((await visitor.visit(`${started.url}/${provider}`)).status).toBe(401);
    },
  );

  test('A4 a state of another session, or one that was used, stops before the token endpoint (RFC 9700 §4.7; ASVS 10.2.1)', async () => {
    const foreign = await begin(new Visitor());
    const { state } = await begin();
    expect((await returnWith(`code=c&state=${foreign.state}`)).status).toBe(403);
    expect((await returnWith(`code=c&state=${foreign.state}`, new Visitor())).status).toBe(403);
    expect(tokenRequests()).toHaveLength(0);

    expect((await returnWith(`code=c&state=${state}`)).status).toBe(303);
    expect((await returnWith(`code=c&state=${state}`)).status).toBe(403);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('A5 a used state is spent even where the provider refused, or did not answer (RFC 9700 §4.2.4)', async () => {
    stub.answers.delete(tokenPath);
    const failed = await begin();
    const denied = await begin();
    expect((await returnWith(`code=c&state=${failed.state}`)).status).toBe(502);
    expect((await returnWith(`error=access_denied&state=${denied.state}`)).status).toBe(403);
    letAllBeWell(stub);

    for (const { state } of [failed, denied]) {
      const again = await returnWith(`code=c&state=${state}`);
      expect(again.text).toContain('This sign-in was not begun here');
    }
    expect(tokenRequests()).toHaveLength(1);
  });

  test('A5 a look by HEAD, as link scanners have it, spends no state and begins no sign-in (RFC 9700 §4.2.4)', async () => {
    const begun = await visitor.visit(`${started.url}/login/${provider}`);
    const state = begun.location.searchParams.get('state') ?? '';
    const scanned = await supertest(started.url)
      .head(`${redirectPath}?code=c&state=${state}`)
      .set('Cookie', String(begun.headers['set-cookie']).split(';')[0] ?? '');
    const login = await supertest(started.url).head(`/login/${provider}`);

    expect(scanned.status).toBe(405);
    expect(scanned.headers['allow']).toBe('GET');
    expect(login.status).toBe(405);
    expect(login.headers['set-cookie']).toBeUndefined();
    expect((await returnWith(`code=c&state=${state}`)).status).toBe(303);
  });

  test('A6 forged redirects neither spoil a sign-in under way nor sign anybody out (RFC 9700 §4.7; ASVS 16.5.3)', async () => {
    await comeBack(visitor, started, other);
    await comeBack(visitor, started, provider);
    const { state } = await begin();
    const forged = [
      '',
      'code=c',
      'error=access_denied',
      'error=access-denied',
      'error=server_error&state=made-up',
      'code=c&state=made-up',
      `code=c&state=${state}&state=made-up`,
      'state=__proto__&code[]=c',
    ];
    for (const query of forged) {
      for (const path of ['/oauth-redirect', '/oauth-redirect/gocd']) {
        const answer = await visitor.visit(`${started.url}${path}?${query}`);
        expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
      }
    }

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
    expect((await returnWith(`code=c&state=${state}`)).status).toBe(303);
  });

  test.each(['4/0AfJ+b==~', 'a b&c=d?e#f%41', 'é✓😀', '<\'">\\', 'x'.repeat(2000)])(
    'A7 the code %j is sent once and unchanged (RFC 6749 §4.1.2, §4.1.3)',
    async (code) => {
      const { state } = await begin();
      await returnWith(new URLSearchParams({ code, state }).toString());

      expect(tokenRequests()).toHaveLength(1);
      expect(new URLSearchParams(tokenRequests()[0]?.body).getAll('code')).toEqual([code]);
    },
  );

  test.each(['', 'code=', 'code=c&code=c', 'code=c&code=d', 'code[]=c', 'code[a]=c', 'Code=c'])(
    'A7 a redirect with the code %j is refused before the token endpoint (RFC 6749 §3.1)',
    async (code) => {
      const { state } = await begin();
      const answer = await returnWith(`${code}&state=${state}`);

      expect(answer.status).toBe(400);
      expect(answer.$('.button').attr('href')).toBe(`/login/${provider}`);
      expect(tokenRequests()).toHaveLength(0);
    },
  );

  test.each([
    ['access_denied', 403],
    ['invalid_request', 500],
    ['unauthorized_client', 500],
    ['unsupported_response_type', 500],
    ['invalid_scope', 500],
    ['server_error', 502],
    ['temporarily_unavailable', 503],
    ['<img src=x onerror=alert(1)>', 500],
    ['constructor', 500],
  ])(
    'A8 the error %s is told in words, escaped, with a way onward (RFC 6749 §4.1.2.1; ASVS 1.2.1)',
    async (error, status) => {
      const { state } = await begin();
      const description = '"><script>alert(1)</script><a href="javascript:alert(1)">';
      const answer = await returnWith(
        new URLSearchParams({
          error,
          error_description: description,
          error_uri: 'javascript:alert(1)',
          state,
        }).toString(),
      );

      expect(answer.status).toBe(status);
      expect(answer.$('h1').text()).not.toBe('');
      expect(answer.$('h2').text()).toBe('What to do');
      expect(answer.$('main .button').attr('href')).toMatch(/^\/(login\/(rally|gocd))?$/);
      expect(answer.$('blockquote').text()).toBe(`${error}: ${description}`);
      expect(answer.$('main script, img, [onerror], main a[href^="javascript:"]')).toHaveLength(0);
      expect(tokenRequests()).toHaveLength(0);
    },
  );

  test('A9 unknown parameters are ignored, and the browser ends on a URL without code and state (RFC 6749 §4.1.2, §3.1.2.5; ASVS 14.2.1)', async () => {
    const { state } = await begin();
    const unknown =
      'session_state=x&session_state=y&__proto__[code]=evil&hasOwnProperty=1&a[]=b&expires_in=1';
    const answer = await returnWith(`${unknown}&code=the-code&state=${state}`);

    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe(`/${provider}`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['referrer-policy']).toBe('same-origin');
    expect(new URLSearchParams(tokenRequests()[0]?.body).get('code')).toBe('the-code');
  });

  test('A10 an iss that names another server is refused, and one that names this server is taken (RFC 9207 §2.4; RFC 9700 §4.4.2)', async () => {
    const [wrong, right] = [await begin(), await begin()];
    const server = provider === 'rally' ? stub.url : `${stub.url}/go`;
    const refused = await returnWith(`code=c&state=${wrong.state}&iss=https://evil.example`);
    expect(refused.status).toBe(403);
    expect(tokenRequests()).toHaveLength(0);

    const query = new URLSearchParams({ code: 'c', state: right.state, iss: server });
    expect((await returnWith(query.toString())).status).toBe(303);
  });
});
