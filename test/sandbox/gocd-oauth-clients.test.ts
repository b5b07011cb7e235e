// GoCD's Admin page: where applications are registered, by the administrator alone.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, codeOf, csrfIn, exchange, open } from '../support/gocd.js';
import {
  clientOf,
  closeSandboxes,
  startSandboxAlone,
  type SandboxClient,
} from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

const CLIENTS = '/go/admin/oauth/clients';
const FORM = '#oauth-client';
const NAME = 'oauth_client[name]';
const REDIRECT_URI = 'oauth_client[redirect_uri]';
const GOOD = { [NAME]: 'Milk app', [REDIRECT_URI]: 'http://localhost:9/milk' };

let sandbox: Sandbox;
let visitor: Visitor;
let first: SandboxClient;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  visitor = new Visitor();
  first = clientOf(sandbox, 'gocd');
});
afterEach(closeSandboxes);

const openAsAdmin = (path: string) => open(visitor, sandbox, path, 'admin');
const clients = () => sandbox.world.gocd.clients;

/** Follows the one redirect that comes of a form. */
async function followed(page: Page): Promise<Page> {
  expect(page.status).toBe(302);
  return visitor.visit(page.location);
}

async function register(fields: Record<string, string> = GOOD): Promise<Page> {
  return followed(await visitor.submit(await openAsAdmin(`${CLIENTS}/new`), FORM, fields));
}

describe('GET /go/admin', () => {
  test('leads the administrator to the tab OAuth Clients', async () => {
    const page = await followed(await openAsAdmin('/go/admin'));

    expect(page.url.pathname).toBe(CLIENTS);
    expect(page.$('nav[aria-label=Admin] [aria-current]').text()).toBe('OAuth Clients');
  });

  test.each([
    ['GET', '/go/admin'],
    ['GET', '/go/admin/'],
    ['GET', '/GO/Admin/OAuth/clients'],
    ['GET', CLIENTS],
    ['GET', `${CLIENTS}/new`],
    ['GET', `${CLIENTS}/ID`],
    ['GET', `${CLIENTS}/ID/edit`],
    ['POST', CLIENTS],
    ['POST', `${CLIENTS}/ID`],
    ['PUT', `${CLIENTS}/ID`],
    ['DELETE', `${CLIENTS}/ID`],
  ])('keeps everybody else out: %s %s', async (method, path) => {
    const url = sandbox.url + path.replace('ID', first.id);
    const stranger = await visitor.send(method, url, GOOD);
    const csrf = csrfIn(await open(visitor, sandbox, '/go/access_tokens', 'ada'));
    const page = await visitor.send(method, url, { ...GOOD, ...csrf, _method: 'delete' });

    expect(stranger.status).toBe(302);
    expect(stranger.location.pathname).toBe('/go/auth/login');
    expect(page.status).toBe(403);
    expect(page.$('h1').text()).toBe('You are not authorized to access this resource!');
    expect(page.text).not.toContain(first.secret);
    expect(clients()).toEqual([first]);
  });
});

describe(`GET ${CLIENTS}`, () => {
  test('lists the clients with their secrets in clear, and where to send people', async () => {
    const page = await openAsAdmin(CLIENTS);
    const headings = page.$('h1, h2').toArray();

    expect(page.status).toBe(200);
    expect(headings.map((heading) => page.$(heading).text())).toEqual([
      'OAuth clients configuration',
      'OAuth 2.0 (v9) provider endpoints for this server',
      'OAuth clients configured for this server',
    ]);
    expect(page.$('dd').text()).toContain(`${sandbox.gocdUrl}/oauth/authorize`);
    expect(page.$('dd').text()).toContain(`${sandbox.gocdUrl}/oauth/token`);
    const columns = page.$('thead th').toArray();
    expect(columns.map((column) => page.$(column).text())).toEqual([
      'Name',
      'OAuth Redirect URI',
      'OAuth Client Credentials',
      'Action',
    ]);
    for (const text of [first.name, first.redirectUri, first.id, first.secret]) {
      expect(page.$('tbody tr').text()).toContain(text);
    }
  });

  test('says so when there are none', async () => {
    clients().length = 0;

    expect((await openAsAdmin(CLIENTS)).$('.empty').text()).toContain(
      'You have not configured any OAuth clients.',
    );
  });
});

describe(`POST ${CLIENTS}`, () => {
  test('registers a client and shows what to enter into the application', async () => {
    const page = await register({
      [NAME]: '  Milk app ',
      [REDIRECT_URI]: ' http://localhost:9/milk\t',
    });
    const client = clients()[1];

    expect(page.$('[role=status]').text()).toBe('OAuth client was successfully created.');
    expect(client).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: 'Milk app',
      redirectUri: 'http://localhost:9/milk',
    });
    const shown = page.$('#client dd').toArray();
    expect(shown.map((each) => page.$(each).text())).toEqual([
      client?.name,
      client?.redirectUri,
      client?.id,
      client?.secret,
    ]);
    expect((await openAsAdmin(CLIENTS)).$('[role=status]')).toHaveLength(0); // said once
  });

  test('registers one that can connect at once', async () => {
    await register();
    const token = await accessTokenOf(sandbox, 'ada', clients()[1]);

    expect((await cctray(sandbox, `Token token="${token}"`)).status).toBe(200);
  });

  test('takes a redirect URI that another client has', async () => {
    await register({ ...GOOD, [REDIRECT_URI]: first.redirectUri });

    expect(clients()).toHaveLength(2);
  });

  test.each([
    [{ [NAME]: '  ', [REDIRECT_URI]: ' ' }, ["Name can't be empty", "Redirect uri can't be empty"]],
    [{ [NAME]: 'x', [REDIRECT_URI]: 'ftp://x' }, ['Redirect uri is invalid']],
    [{ [NAME]: 'x', [REDIRECT_URI]: 'http://' }, ['Redirect uri is invalid']],
    [{ [NAME]: 'x', [REDIRECT_URI]: 'HTTP://x' }, ['Redirect uri is invalid']],
    [{ [NAME]: 'x', [REDIRECT_URI]: 'javascript:alert(1)//http://x' }, ['Redirect uri is invalid']],
    [{ [NAME]: 'x', [REDIRECT_URI]: 'http://[' }, ['Redirect uri is invalid']],
    [{ ...GOOD, [NAME]: 'OAuth sample app' }, ['Name is a duplicate.']],
    [
      { [NAME]: 'OAuth sample app', [REDIRECT_URI]: 'x' },
      ['Redirect uri is invalid', 'Name is a duplicate.'],
    ],
  ])('shows the form again for %j, with what was entered', async (fields, messages) => {
    const page = await visitor.submit(await openAsAdmin(`${CLIENTS}/new`), FORM, fields);
    const shown = page.$('[role=alert] p').toArray();

    expect(page.status).toBe(200);
    expect(shown.map((each) => page.$(each).text())).toEqual(messages);
    for (const [name, value] of Object.entries(fields)) {
      expect(page.$(`[name="${name}"]`).val()).toBe(value.trim());
    }
    expect(clients()).toEqual([first]);
  });

  test('shows markup as text, on every page that has the name', async () => {
    const hostile = '"><script>alert(1)</script><b>';
    const refused = { [NAME]: hostile, [REDIRECT_URI]: hostile };
    const pages = [
      await visitor.submit(await openAsAdmin(`${CLIENTS}/new`), FORM, refused),
      await register({ [NAME]: hostile, [REDIRECT_URI]: `http://x/${hostile}` }),
    ];
    const id = clients()[1]?.id ?? '';
    pages.push(await openAsAdmin(CLIENTS), await openAsAdmin(`${CLIENTS}/${id}/edit`));

    for (const page of pages) {
      expect(page.status).toBe(200);
      expect(page.$('script, main b')).toHaveLength(0);
    }
    expect(pages[1]?.$('#client dd').first().text()).toBe(hostile);
  });
});

describe(`PUT ${CLIENTS}/:id`, () => {
  test('changes name and redirect URI, and neither id nor secret', async () => {
    const { id, secret } = first;
    const edit = await openAsAdmin(`${CLIENTS}/${id}/edit`);
    const page = await followed(
      await visitor.submit(edit, FORM, { ...GOOD, id: 'x', secret: 'x', 'oauth_client[id]': 'x' }),
    );

    expect(edit.$(`${FORM} button`).text()).toBe('Update');
    expect(edit.$('#oauth_client_name').val()).toBe('OAuth sample app');
    expect(page.url.pathname).toBe(CLIENTS);
    expect(page.$('[role=status]').text()).toBe('OAuth client was successfully updated.');
    expect(clients()).toEqual([
      { id, secret, name: 'Milk app', redirectUri: 'http://localhost:9/milk' },
    ]);
  });

  test('is taken as a real PUT as well', async () => {
    const csrf = csrfIn(await openAsAdmin(CLIENTS));
    await visitor.send('PUT', `${sandbox.url}${CLIENTS}/${first.id}`, { ...GOOD, ...csrf });

    expect(first.name).toBe('Milk app');
  });

  test('lets a client keep its name, and take no other’s', async () => {
    await register();
    const edit = await openAsAdmin(`${CLIENTS}/${first.id}/edit`);
    const own = { [NAME]: first.name, [REDIRECT_URI]: 'http://localhost:9/x' };

    expect((await visitor.submit(edit, FORM, own)).status).toBe(302);
    expect((await visitor.submit(edit, FORM, GOOD)).$('[role=alert]').text().trim()).toBe(
      'Name is a duplicate.',
    );
    expect(first.name).toBe('OAuth sample app');
  });
});

describe(`DELETE ${CLIENTS}/:id`, () => {
  test('asks first, in a popup that needs no script', async () => {
    const page = await openAsAdmin(CLIENTS);
    const popup = page.$('[popover]');

    expect(
      page
        .$(`button[popovertarget=${String(popup.attr('id'))}]`)
        .first()
        .text(),
    ).toBe('Destroy');
    expect(popup.text()).toContain('Are you sure?');
  });

  test('ends the client, its codes and its tokens', async () => {
    const token = await accessTokenOf(sandbox);
    const code = await codeOf(sandbox);
    const list = await openAsAdmin(CLIENTS);
    const page = await followed(await visitor.submit(list, '[popover] form'));

    expect(page.$('[role=status]').text()).toBe('OAuth client was successfully deleted.');
    expect(clients()).toEqual([]);
    expect((await cctray(sandbox, `Token token="${token}"`)).status).toBe(401);
    clients().push(first); // even if it came back
    expect((await exchange(sandbox, first, code)).body).toMatchObject({ error: 'invalid-grant' });
  });
});

describe('forms of the Admin page', () => {
  test.each([
    ['POST', CLIENTS, {}],
    ['POST', `${CLIENTS}/ID`, { _method: 'delete' }],
    ['POST', `${CLIENTS}/ID`, { _method: 'put' }],
    ['PUT', `${CLIENTS}/ID`, {}],
    ['DELETE', `${CLIENTS}/ID`, {}],
  ])('are refused when another site sends them: %s %s %j', async (method, path, fields) => {
    await openAsAdmin(CLIENTS);
    const url = sandbox.url + path.replace('ID', first.id);
    const other = csrfIn(await open(new Visitor(), sandbox, CLIENTS, 'admin'));
    const statuses = [];
    for (const csrf of [{}, { authenticity_token: 'guessed' }, other]) {
      statuses.push((await visitor.send(method, url, { ...GOOD, ...fields, ...csrf })).status);
    }

    expect(statuses).toEqual([422, 422, 422]);
    expect(clients()).toEqual([first]);
    expect(first.name).toBe('OAuth sample app');
  });

  test.each([
    ['GET', `${CLIENTS}/unknown`, ''],
    ['GET', `${CLIENTS}/unknown/edit`, ''],
    ['POST', `${CLIENTS}/unknown`, 'put'],
    ['POST', `${CLIENTS}/unknown`, 'delete'],
    ['POST', `${CLIENTS}/ID`, ''],
    ['POST', `${CLIENTS}/ID`, 'get'],
  ])('lead nowhere for an unknown client or method: %s %s %s', async (method, path, _method) => {
    const csrf = csrfIn(await openAsAdmin(CLIENTS));
    const url = sandbox.url + path.replace('ID', first.id);

    expect((await visitor.send(method, url, { ...GOOD, ...csrf, _method })).status).toBe(404);
    expect(clients()).toEqual([first]);
  });
});
