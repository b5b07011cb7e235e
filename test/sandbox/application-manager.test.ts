// Rally Application Manager in the sandbox: what a person does on its three tabs, and what then
// becomes of applications and keys.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  allowAccess,
  askToken,
  authorizeUrl,
  createKey,
  exchange,
  KEYS_DISABLED,
  keysOn,
  logIn,
  MANAGER,
  NEW_CLIENT,
  NEW_KEY,
  openManager,
  tokensOf,
  whoAmI,
} from '../support/rally.js';
import {
  askFor,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  type SandboxClient,
} from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

let sandbox: Sandbox;
let ada: Visitor;
let sol: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
  sol = await logIn(sandbox, 'sol@example.test');
});
afterEach(closeSandboxes);

describe(`GET ${MANAGER}`, () => {
  test('asks a stranger to log in first', async () => {
    const page = await new Visitor().visit(sandbox.url + MANAGER);

    expect(page.location.pathname).toBe('/login');
  });

  test('sends somebody who has logged out to log in again', async () => {
    await ada.submit(await open(ada), 'form[action="/login/logout"]');

    expect((await ada.visit(sandbox.url + MANAGER)).location.pathname).toBe('/login');
  });
});

describe('Authorized Applications', () => {
  test('lists the standard application and the custom ones that a person allowed', async () => {
    expect(await applicationsOf(ada)).toEqual(['Flowdock: standard application']);
    expect(await applicationsOf(sol)).toEqual([]);

    await allow(ada);
    expect(await applicationsOf(ada)).toEqual([
      'Flowdock: standard application',
      'OAuth sample app: custom application',
    ]);
    expect(await applicationsOf(sol)).toEqual([]);
  });

  test('says since when, and when it was last used', async () => {
    const token = await allow(ada);
    const before = (await open(ada)).$('article:contains("OAuth sample app") dl').first().text();
    await statusWith(token);
    const after = (await open(ada)).$('article:contains("OAuth sample app") dl').first().text();

    expect(before.replaceAll(/\s+/g, ' ')).toMatch(
      /Authorized since ?[\d-]{10} [\d:]{8} UTC Last used ?never/,
    );
    expect(after.replaceAll(/\s+/g, ' ')).toMatch(/Last used ?[\d-]{10} [\d:]{8} UTC/);
  });

  test('a removed application is refused at its next call, and cannot renew its tokens', async () => {
    const tokens = await tokensOf(sandbox, ada);
    expect(await statusWith(tokens.access_token)).toBe(200);

    const page = await ada.submit(await open(ada), REMOVE_APP);
    expect(page.location.hash).toBe('#/apps');
    expect(await statusWith(tokens.access_token)).toBe(401);
    expect((await refresh(tokens.refresh_token)).status).toBe(400);
    expect(await applicationsOf(ada)).toEqual(['Flowdock: standard application']);
  });

  test('a code that was issued before the removal gives no token', async () => {
    const code = await newCode(ada);
    await ada.submit(await open(ada), REMOVE_APP);

    expect((await exchange(sandbox, code)).status).toBe(400);
  });

  test('nobody is asked again while an application is authorized', async () => {
    await allow(ada);

    expect((await ada.visit(authorizeUrl(sandbox))).location.searchParams.get('code')).toMatch(
      /^\w+$/,
    );
  });

  test('a person is asked again when the application wants more', async () => {
    await allow(ada);
    const more = await ada.visit(authorizeUrl(sandbox, { scope: 'alm openid' }));

    expect(more.$('h1').text()).toBe('Authorization Request');
  });

  test('nobody removes what somebody else has allowed', async () => {
    const token = await allow(ada);
    const theirs = (await open(ada)).$(REMOVE_APP).attr('action');
    const page = await sol.post(sandbox.url + (theirs ?? ''), await csrf(sol));

    expect(page.status).toBe(404);
    expect(await statusWith(token)).toBe(200);
  });
});

describe('API Keys', () => {
  test('a key can be renamed and made read-only', async () => {
    const { value } = await createKey(sandbox, ada, 'reports');
    await ada.submit(await open(ada), '[id="/keys"] details form', {
      name: 'reports 2',
      access: 'read-only',
    });

    expect(keysOn(await open(ada))).toEqual([
      { name: 'reports 2', label: 'secret_key', value, access: 'ALM WSAPI Read-only' },
    ]);
  });

  test('a key without a name is refused, and what was entered is kept', async () => {
    const fields = { name: '  ', access: 'read-only' };
    const page = await ada.submit(await open(ada), NEW_KEY, fields);

    expect(page.status).toBe(400);
    expect(page.$('[role=alert]').text()).toBe('An API Key needs a name.');
    expect(page.$(`${NEW_KEY} [value=read-only]`).attr('checked')).toBeDefined();
    expect(keysOn(page)).toEqual([]);
  });

  test('a person sees their own keys; the subscription administrator sees everybody’s', async () => {
    await createKey(sandbox, ada, 'reports');
    await createKey(sandbox, sol, 'admin’s own');

    expect(keysOn(await open(ada)).map(({ name }) => name)).toEqual(['reports']);
    expect(keysOn(await open(sol)).map(({ name }) => name)).toEqual([
      'nightly export',
      'reports',
      'admin’s own',
    ]);
  });

  test('the administrator resets and deletes the keys of others, and does not rename them', async () => {
    const { value } = await createKey(sandbox, ada, 'reports');
    const page = await open(sol);
    const reports = page.$('article:contains("reports")');
    const action = (verb: string) => reports.find(`form[action*="/${verb}"]`).attr('action') ?? '';
    expect(reports.find('details')).toHaveLength(0);
    const renamed = await sol.post(sandbox.url + action('reset').replace('/reset', ''), {
      ...(await csrf(sol)),
      name: 'renamed',
    });
    expect(renamed.status).toBe(404);

    await sol.post(sandbox.url + action('reset'), await csrf(sol));
    expect(await statusWith(value)).toBe(401);
    expect(keysOn(await open(ada))).toHaveLength(1);
    await sol.post(sandbox.url + action('delete'), await csrf(sol));
    expect(keysOn(await open(ada))).toEqual([]);
  });

  test('nobody else touches a key', async () => {
    const { value } = await createKey(sandbox, sol, 'admin’s own');
    const page = await open(sol);
    const forms = page.$('article:contains("admin’s own") form').toArray();

    for (const form of forms) {
      const action = page.$(form).attr('action') ?? '';
      const answer = await ada.post(sandbox.url + action, { ...(await csrf(ada)), name: 'mine' });
      expect(answer.status).toBe(404);
    }
    expect(forms).toHaveLength(3);
    expect(await statusWith(value)).toBe(200);
  });

  describe('when they are disabled for the subscription', () => {
    let before: Page;
    let value: string;
    beforeEach(async () => {
      value = (await createKey(sandbox, ada, 'reports')).value;
      before = await open(ada);
      await sol.submit(await open(sol), 'form[action*="subscription"]', { enabled: 'no' });
    });

    test('resetting one shows the documented message, as creating and editing do', async () => {
      const page = await ada.submit(before, 'form[action*="/keys/"][action*="/reset"]');

      expect(page.status).toBe(403);
      expect(page.$('[role=alert]').text()).toBe(KEYS_DISABLED);
      expect(keysOn(page)).toEqual([
        { name: 'reports', label: 'secret_key', value, access: 'Full Access' },
      ]);
    });

    test('existing keys get 401, and work again when keys are enabled again', async () => {
      const token = await allow(ada);
      expect(await statusWith(value)).toBe(401);
      expect(await statusWith(token)).toBe(200);

      await sol.submit(await open(sol), 'form[action*="subscription"]', { enabled: 'yes' });
      expect(await statusWith(value)).toBe(200);
    });
  });

  test('only the subscription administrator switches keys off', async () => {
    const { value } = await createKey(sandbox, ada);
    const path = '/login/accounts/subscription/api-keys';
    const answer = await ada.post(sandbox.url + path, { ...(await csrf(ada)), enabled: 'no' });

    expect(answer.status).toBe(404);
    expect((await open(ada)).text).not.toContain('Disable API Keys');
    expect(await statusWith(value)).toBe(200);
  });
});

describe('OAuth Clients', () => {
  test('a person registers a client, and sees its id and secret', async () => {
    const page = await ada.submit(await open(ada), NEW_CLIENT, {
      name: 'My app',
      redirectUri: 'http://localhost:9/my-app',
    });
    const client = newestClient();
    const shown = (await open(ada)).$('article:contains("My app") dd code').toArray();

    expect(page.location.hash).toBe('#/clients');
    expect(client.id).toMatch(/^[0-9a-f]{32}$/);
    expect(client.secret).toMatch(/^[\w-]{43}$/);
    expect(shown.map((code) => page.$(code).text())).toEqual([
      client.id,
      client.secret,
      'http://localhost:9/my-app',
    ]);
    expect((await exchange(sandbox, await newCode(ada, client), client)).status).toBe(200);
  });

  test('shows a person the clients that they have created, and nobody else’s', async () => {
    expect((await open(ada)).$('[id="/clients"] h3').text()).toBe('OAuth sample app');
    expect((await open(sol)).$('[id="/clients"] h3').text()).toBe('');
    expect((await open(sol)).text).not.toContain(clientOf(sandbox, 'rally').secret);
  });

  test('a changed callback URL holds at once, and the id and secret stay', async () => {
    const client = clientOf(sandbox, 'rally');
    const { id, secret } = client;
    await ada.submit(await open(ada), 'article:contains("OAuth sample") details form', {
      name: 'Renamed app',
      redirectUri: 'http://localhost:9/elsewhere',
    });

    expect(client).toMatchObject({ id, secret, name: 'Renamed app' });
    const old = authorizeUrl(sandbox, { redirect_uri: 'http://localhost:9/oauth-redirect' });
    expect((await ada.visit(old)).status).toBe(400);
    expect((await ada.visit(authorizeUrl(sandbox))).$('h1').text()).toBe('Authorization Request');
  });

  test.each([
    ['', 'http://localhost:9/x', 'A client needs an Application Name.'],
    ['My app', '', 'The Callback URL must be a whole URL'],
    ['My app', '/oauth-redirect', 'The Callback URL must be a whole URL'],
    ['My app', 'javascript:alert(1)', 'The Callback URL must be a whole URL'],
    ['My app', 'http://localhost/#here', 'The Callback URL must be a whole URL'],
    ['My app', 'http://[', 'The Callback URL must be a whole URL'],
  ])('refuses the name "%s" with the URL "%s", and keeps both', async (name, redirectUri, why) => {
    const page = await ada.submit(await open(ada), NEW_CLIENT, { name, redirectUri });

    expect(page.status).toBe(400);
    expect(page.$('[role=alert]').text()).toContain(why);
    expect(page.$('#client-name-new').attr('value')).toBe(name);
    expect(page.$('#client-url-new').attr('value')).toBe(redirectUri);
    expect(sandbox.world.rally.clients).toHaveLength(2);
  });

  test('nobody else touches a client', async () => {
    const client = { ...clientOf(sandbox, 'rally') };
    for (const verb of ['', '/reset', '/delete']) {
      const path = `/login/accounts/clients/${client.id}${verb}`;
      const fields = { ...(await csrf(sol)), name: 'x', redirectUri: 'http://localhost:9/' };
      expect((await sol.post(sandbox.url + path, fields)).status).toBe(404);
    }
    expect(clientOf(sandbox, 'rally')).toEqual(client);
  });
});

describe('every form', () => {
  test.each([
    '/login/logout',
    '/login/accounts/apps/x/remove',
    '/login/accounts/keys',
    '/login/accounts/keys/x',
    '/login/accounts/keys/x/reset',
    '/login/accounts/keys/x/delete',
    '/login/accounts/subscription/api-keys',
    '/login/accounts/clients',
    '/login/accounts/clients/x',
    '/login/accounts/clients/x/reset',
    '/login/accounts/clients/x/delete',
  ])('POST %s refuses a forged one', async (path) => {
    await open(sol);
    const fields = { name: 'forged', redirectUri: 'http://localhost:9/', enabled: 'no' };

    expect((await sol.post(sandbox.url + path, fields)).status).toBe(403);
    expect((await open(sol)).text).not.toContain('forged');
    expect(sandbox.world.rally.apiKeys.areEnabled).toBe(true);
  });

  test('shows names as text, never as markup', async () => {
    const markup = `"'><script>alert(1)</script><img src=x>`;
    await createKey(sandbox, ada, markup);
    await ada.submit(await open(ada), NEW_CLIENT, {
      name: markup,
      redirectUri: `http://localhost:9/${markup}`,
    });
    const client = newestClient();
    const consent = await askFor(ada, authorizeUrl(sandbox, {}, client), '');
    const page = await open(ada);

    expect(page.$('script, img')).toHaveLength(0);
    expect(page.$('h3').text()).toContain(markup);
    expect(consent.$('script, img')).toHaveLength(0);
  });
});

const REMOVE_APP = '[id="/apps"] article:contains("OAuth sample") form';

function newestClient(): SandboxClient {
  const client = sandbox.world.rally.clients.at(-1);
  if (!client) throw new Error('no client');
  return client;
}

async function open(visitor: Visitor): Promise<Page> {
  return openManager(sandbox, visitor);
}

async function csrf(visitor: Visitor): Promise<Record<string, string>> {
  const page = await open(visitor);
  return { csrf_token: page.$('[name=csrf_token]').attr('value') ?? '' };
}

async function applicationsOf(visitor: Visitor): Promise<string[]> {
  const page = await open(visitor);
  const articles = page.$('[id="/apps"] article').toArray();
  return articles.map((article) => {
    const of = page.$(article);
    return `${of.find('h3').text()}: ${of.find('dd').first().text()}`;
  });
}

async function refresh(refresh_token: string) {
  return askToken(sandbox, { grant_type: 'refresh_token', refresh_token });
}

async function newCode(visitor: Visitor, client?: SandboxClient): Promise<string> {
  return codeIn(await allowAccess(visitor, authorizeUrl(sandbox, {}, client)));
}

async function allow(visitor: Visitor): Promise<string> {
  const { access_token: accessToken } = await tokensOf(sandbox, visitor);
  return accessToken;
}

async function statusWith(credential: string): Promise<number> {
  return (await whoAmI(sandbox, credential)).status;
}
