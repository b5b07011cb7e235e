// The sandbox's console: switches for people and for programs, and what it shows of the rest.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { AUTHORIZE, exchange as exchangeAtGocd } from '../support/gocd.js';
import { askToken, logIn, TOKEN, tokensOf, whoAmI } from '../support/rally.js';
import {
  addClient,
  askFor,
  authorizationUrl,
  basic,
  clientOf,
  closeSandboxes,
  codeIn,
  postForm,
  setStatusOf,
  startSandboxAlone,
  type Tokens,
} from '../support/sandbox.js';
import { Visitor } from '../support/visitor.js';

let sandbox: Sandbox;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  visitor = new Visitor();
});
afterEach(closeSandboxes);

describe('POST /_sandbox/failures', () => {
  test('lets a failure strike the next requests, as many as were asked for', async () => {
    await switchOn({ name: 'token-503', times: 2 });
    const statuses = [await statusOfToken(), await statusOfToken(), await statusOfToken()];

    expect(statuses).toEqual([503, 503, 401]);
  });

  test('lets it strike until it is switched off, alone or with all others', async () => {
    await switchOn({ name: 'token-503' });
    await switchOn({ name: 'cctray-403' });
    expect([await statusOfToken(), await statusOfToken()]).toEqual([503, 503]);

    await switchOn({ off: 'token-503' });
    expect(await statusOfToken()).toBe(401);
    expect(sandbox.world.failures.active).toMatchObject([{ name: 'cctray-403' }]);
    await switchOn({ off: 'all' });
    expect(sandbox.world.failures.active).toEqual([]);
  });

  test('lets it strike one client, and leaves the others alone', async () => {
    const [first, second] = [clientOf(sandbox, 'rally'), addClient(sandbox, 'rally')];
    await switchOn({ name: 'token-503', client: first.id });

    expect(await statusOfToken({ client_id: first.id })).toBe(503);
    expect(await statusOfToken({ client_id: second.id })).toBe(401);
    expect(await statusOfToken({}, basic(first.id, 'wrong'))).toBe(503);
    expect(await statusOfToken({}, basic(second.id, 'wrong'))).toBe(401);
  });

  test('lets it strike one provider, and leaves the other alone', async () => {
    await switchOn({ name: 'token-503', provider: 'gocd' });

    expect(await statusOfToken()).toBe(401);
    expect(await statusOfToken({}, undefined, '/go/oauth/token')).toBe(503);
  });

  test('refuses refreshes alone where that is what was asked for', async () => {
    await switchOn({ name: 'token-refresh-refused' });

    expect(await statusOfToken()).toBe(401);
    expect(await statusOfToken({ grant_type: 'refresh_token' })).toBe(400);
    expect(await statusOfToken({ grant_type: 'refresh-token' }, undefined, '/go/oauth/token')).toBe(
      400,
    );
  });

  test('ends every access token at once, and leaves refresh tokens alone', async () => {
    const tokens = await signIn();
    expect(await statusWith(tokens.access_token)).toBe(200);

    await switchOn({ name: 'expire-access-tokens' });
    expect(await statusWith(tokens.access_token)).toBe(401);
    const renewed = await exchange({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expect(await statusWith(renewed.access_token)).toBe(200);
  });

  test.each([
    ['a name that it does not know', { name: 'token-504' }],
    ['the name of something else', { name: 'constructor' }],
    ['no request to strike', { name: 'token-503', times: 0 }],
    ['half a request', { name: 'token-503', times: 0.5 }],
    ['a word it does not know', { name: 'token-503', time: 1 }],
    ['nothing', {}],
    ['a list', []],
  ])('refuses %s, and says what it knows', async (_what, body) => {
    const answer = await supertest(sandbox.url).post('/_sandbox/failures').send(body);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ failures: expect.arrayContaining(['token-503']) });
    expect(sandbox.world.failures.active).toEqual([]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'refuses %s, which a page of another site could send',
    async (type) => {
      const answer = await supertest(sandbox.url)
        .post('/_sandbox/failures')
        .set('Content-Type', type)
        .send('{"name":"token-503"}');

      expect(answer.status).toBe(415);
      expect(sandbox.world.failures.active).toEqual([]);
    },
  );

  test('answers to the names of this machine alone, so that no other name can lead here', async () => {
    const ask = (host: string) =>
      supertest(sandbox.url).get('/_sandbox/failures').set('Host', host);

    expect((await ask('attacker.example')).status).toBe(403);
    expect((await ask('localhost.attacker.example')).status).toBe(403);
    expect((await ask('127.0.0.1:4568')).status).toBe(200);
    expect((await ask('[::1]:4568')).status).toBe(200);
  });
});

describe('POST /_sandbox/clock', () => {
  test('puts the clock forward: an access token ends a day later', async () => {
    const { access_token: token } = await signIn();
    const answer = await supertest(sandbox.url)
      .post('/_sandbox/clock')
      .send({ forwardSeconds: 86_401 });

    expect(answer.status).toBe(200);
    expect(await statusWith(token)).toBe(401);
  });

  test.each([{ forwardSeconds: -1 }, { forwardSeconds: 'soon' }, {}])(
    'leaves the clock alone when it is sent %j, and answers 400',
    async (body) => {
      const before = sandbox.world.clock.now();
      const answer = await supertest(sandbox.url).post('/_sandbox/clock').send(body);

      expect(answer.status).toBe(400);
      expect(sandbox.world.clock.now() - before).toBeLessThan(60_000);
    },
  );
});

describe('POST /_sandbox/people', () => {
  test.each(['disabled', 'deleted'])(
    'somebody who is %s cannot sign in, and their tokens do not work',
    async (status) => {
      const { access_token: token, refresh_token } = await signIn();
      await supertest(sandbox.url)
        .post('/_sandbox/people')
        .send({ provider: 'rally', userName: 'ada@example.test', status });
      const login = await visitor.browse(`${sandbox.url}/login/accounts/index.html`);
      const fields = { username: 'ada@example.test', password: 'sandbox' };

      expect(login.$('input[name=password]')).toHaveLength(1);
      expect((await visitor.submit(login, 'form', fields)).status).toBe(401);
      expect(await statusWith(token)).toBe(401);
      const refused = await exchange({ grant_type: 'refresh_token', refresh_token });
      expect(refused).toMatchObject({ error: 'invalid_grant' });
    },
  );

  test.each([
    { provider: 'rally', userName: 'nobody', status: 'disabled' },
    { provider: 'gocd', userName: 'ada@example.test', status: 'disabled' },
    { provider: 'rally', userName: 'ada@example.test', status: 'asleep' },
    { provider: '__proto__', userName: 'ada', status: 'disabled' },
  ])('leaves everybody alone when it is sent %j, and answers 400', async (body) => {
    const statuses = () =>
      [...sandbox.world.rally.people, ...sandbox.world.gocd.people].map(({ status }) => status);
    const before = statuses();
    const answer = await supertest(sandbox.url).post('/_sandbox/people').send(body);

    expect(answer.status).toBe(400);
    expect(statuses()).toEqual(before);
  });
});

describe('GET /_sandbox', () => {
  test('shows what was received and issued, and no whole secret', async () => {
    const { secret } = clientOf(sandbox, 'rally');
    const tokens = await signIn();
    await statusWith(tokens.access_token);
    await statusOfToken({}, basic('x', secret));
    const page = await visitor.visit(`${sandbox.url}/_sandbox`);
    const lines = page.$('.exchange summary').text();

    for (const path of ['/login/oauth2/auth', TOKEN, '/slm/webservice/v2.0/user']) {
      expect(lines).toContain(path);
    }
    expect(page.text).toContain(`${tokens.access_token.slice(0, 4)}…`);
    const secrets = [secret, basic('x', secret), tokens.access_token, tokens.refresh_token];
    for (const each of [
      ...secrets,
      ...sandbox.world.rally.apiKeys.all.map((key) => key.secretKey),
    ]) {
      expect(page.text).not.toContain(each);
    }
    expect(page.text).toContain('client_secret');
    expect(page.text).not.toMatch(/<dd><code>sandbox<\/code>/); // the password that was typed
  });

  test('lists codes and both kinds of tokens alike, and why one does not work', async () => {
    const tokens = await signIn();
    await exchange({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    const consent = await askFor(
      visitor,
      authorizationUrl(sandbox, AUTHORIZE, clientOf(sandbox, 'gocd')),
      'ada',
    );
    const back = await visitor.submit(consent, 'form', { authorize: 'Yes' });
    await exchangeAtGocd(sandbox, clientOf(sandbox, 'gocd'), codeIn(back));

    expect(await issued()).toEqual([
      'Rally API key: its owner is disabled',
      ...['Rally access token: alive', 'Rally refresh token: alive'],
      ...['Rally access token: ended', 'Rally refresh token: ended', 'Rally code: ended'],
      ...['GoCD access token: alive', 'GoCD refresh token: alive', 'GoCD code: ended'],
    ]);
    await setStatusOf(sandbox, 'rally', 'ada@example.test', 'disabled');
    expect(await issued()).toContain('Rally refresh token: its owner is disabled');
    sandbox.world.rally.apiKeys.areEnabled = false;
    await setStatusOf(sandbox, 'rally', 'ivo@example.test', 'active');
    expect((await issued())[0]).toBe('Rally API key: keys are disabled');
  });

  test('offers to switch on again what was switched on last, with all that was chosen', async () => {
    const chosen = {
      name: 'wsapi-slow',
      times: '7',
      client: '',
      provider: 'rally',
      seconds: '0.5',
    };
    await visitor.submit(
      await visitor.visit(`${sandbox.url}/_sandbox`),
      'form:has(select[name=name])',
      chosen,
    );
    await visitor.submit(
      await visitor.visit(`${sandbox.url}/_sandbox`),
      'form:has(button[value=all])',
      { off: 'all' },
    );
    const { $ } = await visitor.visit(`${sandbox.url}/_sandbox`);

    for (const [name, value] of Object.entries(chosen)) {
      expect($(`form:has(select[name=name]) [name=${name}]`).val()).toBe(value);
    }
  });

  /** What it is, and whether it works, of each row. */
  async function issued(): Promise<string[]> {
    const { $ } = await visitor.visit(`${sandbox.url}/_sandbox`);
    return $('table tbody tr')
      .toArray()
      .map((row) => {
        const ends = $(row).find('td:last-child').text().trim();
        return `${$(row).find('td').first().text()}: ${/UTC|never/.test(ends) ? 'alive' : ends}`;
      });
  }

  test.each<[string, string, string]>([
    ['under another name', 'application/x-www-form-urlencoded', 'clientSecret=SECRET'],
    ['as a name', 'application/x-www-form-urlencoded', 'SECRET'],
    ['in JSON sent as a form', 'application/x-www-form-urlencoded', '{"client_secret":"SECRET"}'],
    ['in an object', 'application/json', '{"oauth":{"client_secret":"SECRET"}}'],
    ['in a list', 'application/json', '[{"client_secret":"SECRET"}]'],
    ['twice', 'application/x-www-form-urlencoded', 'code=SECRET&code=SECRET'],
  ])('shows no secret that a client in the making sends %s', async (_what, type, body) => {
    const secret = 'a-secret-of-a-client-in-the-making-7f3a';
    await supertest(sandbox.url)
      .post('/go/oauth/token')
      .set('Content-Type', type)
      .send(body.replaceAll('SECRET', secret));
    const page = await visitor.visit(`${sandbox.url}/_sandbox`);

    expect(page.$('.exchange summary').text()).toContain('/go/oauth/token');
    expect(page.text).not.toContain(secret);
  });

  test('shows no secret that stands in an address', async () => {
    const secret = 'a-secret-of-a-client-in-the-making-7f3a';
    await supertest(sandbox.url).get(`/login/key/${secret}.js?key=${secret}&${secret}`);
    await supertest(sandbox.url).get(
      `/login?return_to=${encodeURIComponent(`/login/x?code=${secret}`)}`,
    );
    await supertest(sandbox.url)
      .get('/slm/webservice/v2.0/user')
      .set('Cookie', `zsessionid=${secret}`);
    const page = await visitor.visit(`${sandbox.url}/_sandbox`);

    expect(page.$('.exchange')).toHaveLength(3);
    expect(page.$('.exchange').text()).toContain('zsessionid');
    expect(page.text).not.toContain(secret);
  });

  test('shows a request that was never answered, and which failure it was', async () => {
    await switchOn({ name: 'token-reset', times: 1 });
    await expect(statusOfToken()).rejects.toThrow('ECONNRESET');
    const page = await visitor.visit(`${sandbox.url}/_sandbox`);

    expect(page.$('.exchange summary').first().text()).toContain('no answer, token-reset');
  });

  test('shows what stands in a request as text, never as markup', async () => {
    await visitor.visit(`${sandbox.url}/<script>?<script>=<img src=x>`, {
      'User-Agent': '<script>alert(1)</script>',
    });
    const page = await visitor.visit(`${sandbox.url}/_sandbox`);

    expect(page.$('script, img')).toHaveLength(0);
    expect(page.$('.exchange').text()).toContain('<script>alert(1)</script>');
  });

  test('switches a failure on and off for a person', async () => {
    const console = await visitor.visit(`${sandbox.url}/_sandbox`);
    await visitor.submit(console, 'form:has(select[name=name])', {
      name: 'token-503',
      times: '',
    });
    expect(await statusOfToken()).toBe(503);

    const on = await visitor.visit(`${sandbox.url}/_sandbox`);
    expect(on.$('[role=status]').text()).toBe('token-503 is on.');
    await visitor.submit(on, 'form:has([type=hidden][name=off])');
    expect(await statusOfToken()).toBe(401);
  });

  test('ends tokens, puts the clock forward and disables people for a person', async () => {
    const first = await signIn();
    const console = await visitor.visit(`${sandbox.url}/_sandbox`);
    await visitor.submit(console, 'form:has([value=expire-access-tokens])', {
      name: 'expire-access-tokens',
    });
    expect(await statusWith(first.access_token)).toBe(401);

    const second = await signIn();
    await visitor.submit(console, 'form[action$="/clock"]', { forwardSeconds: '86401' });
    expect(await statusWith(second.access_token)).toBe(401);

    const third = await signIn();
    await visitor.submit(console, 'form:has([value="ada@example.test"])', { status: 'disabled' });
    expect(await statusWith(third.access_token)).toBe(401);
  });

  test('forgets what was received when a person asks for it', async () => {
    await statusOfToken();
    const before = await visitor.visit(`${sandbox.url}/_sandbox`);
    expect(before.$('.exchange')).toHaveLength(1);
    await visitor.submit(before, 'form[action$="/forget"]');
    const after = await visitor.visit(`${sandbox.url}/_sandbox`);

    expect(after.$('.exchange')).toHaveLength(0);
    expect(after.text).toContain('Nothing was asked yet.');
    expect(after.$('form[action$="/forget"]')).toHaveLength(0);
  });

  test.each(['switches/failures', 'switches/clock', 'switches/people', 'forget'])(
    'refuses a forged form at /_sandbox/%s',
    async (path) => {
      await switchOn({ name: 'cctray-403' });
      const fields = { name: 'token-503', csrf_token: 'guessed' };
      const answer = await visitor.post(`${sandbox.url}/_sandbox/${path}`, fields);

      expect(answer.status).toBe(403);
      expect(sandbox.world.failures.active).toMatchObject([{ name: 'cctray-403' }]);
    },
  );
});

async function switchOn(body: object): Promise<void> {
  const { status } = await supertest(sandbox.url).post('/_sandbox/failures').send(body);
  expect(status).toBe(200);
}

/** A token request that is refused for its client, unless a failure strikes first. */
async function statusOfToken(
  fields: Record<string, string> = {},
  authorization?: string,
  path = TOKEN,
): Promise<number> {
  const form = { grant_type: 'authorization_code', ...fields };
  const { status } = await postForm(sandbox, path, form, authorization);
  return status;
}

async function signIn(): Promise<Tokens> {
  return tokensOf(sandbox, await logIn(sandbox));
}

async function exchange(fields: Record<string, string>): Promise<Tokens> {
  return (await askToken(sandbox, fields)).body as Tokens;
}

async function statusWith(token: string): Promise<number> {
  return (await whoAmI(sandbox, token)).status;
}
