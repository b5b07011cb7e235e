// What both halves of the sandbox have in common: it is on this machine alone, and its pages may be
// attacked by nobody. No client of ours takes part.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  startSandboxAlone,
  type Fields,
} from '../support/sandbox.js';
import { Visitor } from '../support/visitor.js';

let sandbox: Sandbox;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  visitor = new Visitor();
});
afterEach(closeSandboxes);

describe('the sandbox', () => {
  test('refuses to start in production, because its passwords are printed', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startSandboxAlone()).rejects.toThrow('NODE_ENV=production');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  test('listens on loopback only, so that nobody else on the network reaches it', () => {
    expect(sandbox.server.address()).toMatchObject({ address: '127.0.0.1' });
  });

  test('fails to start on a port that is taken', async () => {
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandboxAlone({ port })).rejects.toThrow('EADDRINUSE');
  });

  test('lives on after JSON that is nested as deep as it may be long', async () => {
    const depth = 9_990;
    const body = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const answer = await supertest(sandbox.url)
      .post('/go/oauth/token')
      .set('Content-Type', 'application/json')
      .send(body);

    expect(answer.status).toBe(400);
    expect((await visitor.visit(sandbox.url)).status).toBe(200);
  });

  test.each(['cctray-huge', 'wsapi-huge', 'token-huge'])(
    'lives on when the answer of %s has no body',
    async (name) => {
      sandbox.world.failures.switchOn({
        name,
        times: undefined,
        client: undefined,
        provider: undefined,
        seconds: 0,
      });
      const key = sandbox.world.rally.people.map((person) =>
        sandbox.world.rally.apiKeys.create(person, 'a key', false),
      )[0];
      const { url } = sandbox;
      await supertest(url).head('/go/cctray.xml');
      await supertest(url)
        .head('/slm/webservice/v2.0/user')
        .set('zsessionid', key?.secretKey ?? '');
      await supertest(url).head('/login/oauth2/token');

      expect((await visitor.visit(url)).status).toBe(200);
    },
  );

  test('answers an unknown path with a page that does not repeat it', async () => {
    const page = await visitor.visit(`${sandbox.url}/no<script>alert(1)</script>?<b>bold</b>`);

    expect(page.status).toBe(404);
    expect(page.$('h1').text()).toBe('The sandbox does not have this page');
    expect(page.$('script, b')).toHaveLength(0);
  });

  test.each([
    ['post', '/login/oauth2/token'],
    ['post', '/go/oauth/token'],
    ['post', '/oauth/token'],
    ['get', '/slm/webservice/v2.0/user'],
    ['get', '/go/cctray.xml'],
  ] as const)(
    'delays its answer to %s %s by the latency that was asked for',
    async (method, path) => {
      const { url } = await startSandboxAlone({ latencyMs: 60 });
      const began = performance.now();
      await supertest(url)[method](path);

      expect(performance.now() - began).toBeGreaterThan(55);
    },
  );
});

describe.each([
  {
    provider: 'rally',
    loginPath: '/login',
    authorizePath: '/login/oauth2/auth',
    username: 'ada@example.test',
    stranger: 'ada',
    decision: { decision: 'allow' },
    otherAuthorizePath: '/go/oauth/authorize',
    forged: 403,
    csrfField: 'csrf_token',
    landing: '/login/accounts/index.html',
  },
  {
    provider: 'gocd',
    loginPath: '/go/auth/login',
    authorizePath: '/go/oauth/authorize',
    username: 'ada',
    stranger: 'ada@example.test',
    decision: { authorize: 'Yes' },
    otherAuthorizePath: '/login/oauth2/auth',
    forged: 422, // what Rails answers
    csrfField: 'authenticity_token',
    landing: '/go/pipelines',
  },
] as const)('$loginPath and $authorizePath', (provider) => {
  const { loginPath, authorizePath, username, stranger, decision, forged } = provider;
  const { otherAuthorizePath, csrfField, landing } = provider;
  const asked = (parameters: Fields = {}) =>
    authorizationUrl(sandbox, authorizePath, clientOf(sandbox, provider.provider), parameters);
  const codes = () =>
    provider.provider === 'rally'
      ? sandbox.world.rally.grants.lines.length
      : sandbox.world.gocd.grants.codes.size;

  test('send somebody who is not signed in to log in, and back to the same address', async () => {
    const url = asked({ state: 'a b&c' });
    const toLogin = await visitor.visit(url);

    expect(toLogin.status).toBe(302);
    expect(toLogin.location.origin + toLogin.location.pathname).toBe(sandbox.url + loginPath);
    const login = await visitor.visit(toLogin.location);
    const signedIn = await visitor.submit(login, 'form', { username, password: 'sandbox' });
    expect(signedIn.status).toBe(303);
    expect(signedIn.location.href).toBe(url.href);
  });

  test('keep what browsers and URLs write differently in the address to come back to', async () => {
    const raw = `${asked().href}&state=it's+"so"`;
    const login = await visitor.visit((await visitor.visit(raw)).location);
    const fields = { username, password: 'sandbox' };
    const { location } = await visitor.submit(login, 'form', fields);

    expect(location.pathname).toBe(authorizePath);
    expect(location.searchParams.get('state')).toBe(`it's "so"`);
  });

  test('do not ask somebody to log in twice', async () => {
    await askFor(visitor, asked(), username);

    expect((await visitor.visit(asked())).status).toBe(200);
  });

  test('give a session a new id when somebody logs in', async () => {
    const login = await visitor.visit(sandbox.url + loginPath);
    const signedIn = await visitor.submit(login, 'form', { username, password: 'sandbox' });
    const [before, after] = [login, signedIn].map(({ headers }) => String(headers['set-cookie']));

    expect(before).toMatch(new RegExp(`^sandbox_${provider.provider}=.*HttpOnly; SameSite=Lax`));
    expect(after).toMatch(new RegExp(`^sandbox_${provider.provider}=.*HttpOnly; SameSite=Lax`));
    expect(after?.split(';')[0]).not.toBe(before?.split(';')[0]);
  });

  test('refuse a wrong password, an unknown name, and the other provider’s people', async () => {
    const login = await visitor.browse(asked());
    for (const fields of [
      { username, password: 'wrong' },
      { username: 'nobody', password: 'sandbox' },
      { username: stranger, password: 'sandbox' },
      { username: '', password: '' },
    ]) {
      const answer = await visitor.submit(login, 'form', fields);
      expect(answer.status).toBe(401);
      expect(answer.$('[role=alert]').text()).toContain('do not go together');
      expect((await visitor.visit(asked())).status).toBe(302);
    }
  });

  test('keep the address to return to when the password was wrong', async () => {
    const login = await visitor.browse(asked());
    const failed = await visitor.submit(login, 'form', { username, password: 'wrong' });
    const signedIn = await visitor.submit(failed, 'form', { username, password: 'sandbox' });

    expect(signedIn.location.href).toBe(asked().href);
  });

  test.each([
    'https://attacker.example/',
    '//attacker.example/login/oauth2/auth?x=1',
    '/\\attacker.example/go/oauth/authorize?x=1',
    'https://attacker.example/login/oauth2/auth?x=1',
    `/\t/attacker.example${authorizePath}`,
    `${authorizePath}/../../../../attacker`,
    'javascript:alert(1)',
    `${otherAuthorizePath}?x=1`,
    '/',
    '',
  ])('never return anybody to %s after logging in', async (returnTo) => {
    const query = new URLSearchParams({ return_to: returnTo }).toString();
    const login = await visitor.visit(`${sandbox.url}${loginPath}?${query}`);
    const fields = { username, password: 'sandbox' };
    const byQuery = await visitor.submit(login, 'form', fields);
    const byField = await visitor.submit(await visitor.visit(login.url), 'form', {
      ...fields,
      return_to: returnTo,
    });

    expect(byQuery.status).toBe(303);
    expect(byQuery.headers['location']).toBe(landing);
    expect(byField.status).toBe(303);
    expect(byField.headers['location']).toBe(landing);
  });

  test('refuse a login form without its CSRF token, and sign nobody in', async () => {
    const login = await visitor.browse(asked());
    const fields = { username, password: 'sandbox' };
    const answers = [
      await visitor.post(login.url, fields),
      await visitor.submit(login, 'form', { ...fields, [csrfField]: '' }),
      await visitor.submit(login, 'form', { ...fields, [csrfField]: 'made-up' }),
      await new Visitor().submit(login, 'form', fields), // somebody else's token
    ];

    expect(answers.map(({ status }) => status)).toEqual([forged, forged, forged, forged]);
    expect((await visitor.visit(asked())).status).toBe(302);
  });

  test('refuse a consent without its CSRF token, and issue no code', async () => {
    const consent = await askFor(visitor, asked(), username);
    const other = new Visitor();
    const theirs = await askFor(other, asked(), username);
    const theirToken = theirs.$(`input[name=${csrfField}]`).attr('value') ?? '';
    const fields = { ...Object.fromEntries(asked().searchParams), ...decision };
    const answers = [
      await visitor.post(sandbox.url + authorizePath, fields),
      await visitor.submit(consent, 'form', { ...decision, [csrfField]: '' }),
      await visitor.submit(consent, 'form', { ...decision, [csrfField]: 'made-up' }),
      await visitor.submit(consent, 'form', { ...decision, [csrfField]: theirToken }),
    ];

    expect(theirToken).toMatch(/^\w{32,}$/);
    expect(answers.map(({ status }) => status)).toEqual([forged, forged, forged, forged]);
    expect(codes()).toBe(0);
    expect((await visitor.submit(consent, 'form', decision)).status).toBe(302);
    expect(codes()).toBe(1);
  });

  test('name the redirect URI’s origin in form-action: both forms may end at the client', async () => {
    const login = await visitor.browse(asked());
    const wrong = await visitor.submit(login, 'form', { username, password: 'wrong' });
    const consent = await askFor(visitor, asked(), username);

    expect([login, wrong, consent].map(({ headers }) => formAction(headers))).toEqual(
      Array<string>(3).fill("form-action 'self' http://localhost:9"),
    );
  });

  test.each([
    ['another redirect URI', { redirect_uri: 'http://attacker.example/' }],
    ['another path', { redirect_uri: 'http://localhost:9/elsewhere' }],
    ['an unknown client', { client_id: 'unknown' }],
    ['no client', { client_id: undefined, redirect_uri: undefined }],
  ])('name no other origin in the login page’s form-action: %s', async (_what, parameters) => {
    const login = await visitor.visit(
      `${sandbox.url}${loginPath}?${new URLSearchParams({
        return_to: asked(parameters).href.replace(sandbox.url, ''),
      }).toString()}`,
    );

    expect(login.$('input[name=return_to]').attr('value')).toContain(authorizePath);
    expect(formAction(login.headers)).toBe("form-action 'self'");
  });

  test('may not be framed, scripted or cached', async () => {
    const consent = await askFor(visitor, asked(), username);
    const policy = String(consent.headers['content-security-policy']);

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('script-src');
    expect(consent.headers['cache-control']).toBe('no-store');
    expect(consent.$('script')).toHaveLength(0);
  });

  test('show what stands in the query as text, never as markup', async () => {
    const markup = `"'><script>alert(1)</script><img src=x>`;
    const login = await visitor.browse(asked({ state: markup, scope: 'alm' }));
    const consent = await askFor(visitor, asked({ state: markup }), username);

    expect(login.$('script, img')).toHaveLength(0);
    expect(login.$('input[name=return_to]').attr('value')).toContain(
      encodeURIComponent('<script>'),
    );
    expect(consent.$('script, img')).toHaveLength(0);
    expect(consent.$('input[name=state]').attr('value')).toBe(markup);
    expect(consent.$('dd').text()).toContain(markup);
  });
});

test('signing in at one provider signs nobody in at the other', async () => {
  const atRally = authorizationUrl(sandbox, '/login/oauth2/auth', clientOf(sandbox, 'rally'));
  const atGocd = authorizationUrl(sandbox, '/go/oauth/authorize', clientOf(sandbox, 'gocd'));
  await askFor(visitor, atRally, 'ada@example.test');

  expect((await visitor.visit(atRally)).status).toBe(200);
  expect((await visitor.visit(atGocd)).status).toBe(302);
});

function formAction(headers: Readonly<Record<string, unknown>>): string | undefined {
  const directives = String(headers['content-security-policy']).split('; ');
  return directives.find((directive) => directive.startsWith('form-action'));
}
