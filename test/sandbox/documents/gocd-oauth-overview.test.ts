// GoCD's documentation "OAuth Overview", sentence by sentence. Each test is named after one that says
// what GoCD does; src/sandbox/README.md lists them, and says where the documentation and GoCD differ.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, codeOf, csrfIn, exchange, open } from '../../support/gocd.js';
import {
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  startSandboxAlone,
  type SandboxClient,
} from '../../support/sandbox.js';
import { Visitor, type Page } from '../../support/visitor.js';

const CLIENTS = '/go/admin/oauth/clients';

let sandbox: Sandbox;
let client: SandboxClient;
let visitor: Visitor;
let admin: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  client = clientOf(sandbox, 'gocd');
  visitor = new Visitor();
  admin = new Visitor();
  await open(admin, sandbox, '/go/admin', 'admin');
});
afterEach(closeSandboxes);

test('Go implements the OAuth protocol to authorize third party application’s (client’s) request to access data on the Go server.', async () => {
  const token = await accessTokenOf(sandbox);

  expect((await cctray(sandbox, `Token token="${token}"`)).status).toBe(200);
});

test('Oauth allows the user to enter his user credentials (ex. username and password) only to the provider app, which then grants the client app permission to view the protected resources on behalf of the user.', async () => {
  const login = await visitor.browse(authorizeUrl());

  expect(login.url.origin).toBe(sandbox.url);
  expect(login.$('input[type=password]')).toHaveLength(1);
  const ofGuest = await cctray(sandbox, `Token token="${await accessTokenOf(sandbox, 'guest')}"`);
  const ofAda = await cctray(sandbox, `Token token="${await accessTokenOf(sandbox)}"`);
  expect(ofGuest.text).not.toContain('<Project ');
  expect(ofAda.text).toContain('<Project ');
});

describe('Create a new OAuth client', () => {
  test('Before any third-party application can use GoCD using OAuth, it needs to be registered in Go as an OAuth client.', async () => {
    const page = await askFor(visitor, authorizeUrl({ client_id: 'unregistered' }), 'ada');

    expect(page.location.searchParams.get('error')).toBe('invalid-client-id');
  });

  test('Login as an administrator to Go. Navigate to the Admin page, then the OAuth Clients tab.', async () => {
    const page = await admin.browse(`${sandbox.gocdUrl}/admin`);
    const forbidden = await open(visitor, sandbox, '/go/admin/oauth/clients', 'ada');

    expect(page.url.pathname).toBe(CLIENTS);
    expect(page.$('[aria-current]').text()).toContain('OAuth Clients');
    expect(forbidden.status).toBe(403);
  });

  test('Click the New OAuth Client button. Fill in the Name and Redirect URL for the third-party application.', async () => {
    const list = await admin.visit(sandbox.url + CLIENTS);
    const button = list.$('a:contains("New OAuth Client")');
    const form = await admin.visit(new URL(button.attr('href') ?? '', list.url));

    expect(form.$('main label').text()).toBe('NameRedirect URL');
  });

  test('The redirect URL is where Go will send the end-user to once the authorization process is complete.', async () => {
    const { location } = await allow(await askFor(visitor, authorizeUrl(), 'ada'));

    expect(location.origin + location.pathname).toBe(client.redirectUri);
  });

  test('You’ll be presented with a summary of the newly registered application. Use the provided Client ID and Secret in the third-party application to enable OAuth communications with Go.', async () => {
    const form = await admin.visit(`${sandbox.url}${CLIENTS}/new`);
    const created = await admin.submit(form, 'form[action$="/clients"]', {
      'oauth_client[name]': 'Milk app',
      'oauth_client[redirect_uri]': 'http://localhost:9/milk',
    });
    const summary = await admin.visit(created.location);
    const milk = sandbox.world.gocd.clients.find(({ name }) => name === 'Milk app');

    expect(summary.$('dt').text()).toContain('Client ID');
    expect(summary.text).toContain(milk?.id);
    expect(summary.text).toContain(milk?.secret);
    const token = await accessTokenOf(sandbox, 'ada', milk);
    expect((await cctray(sandbox, `Token token="${token}"`)).status).toBe(200);
  });
});

describe('Edit an existing OAuth client', () => {
  test('Locate the Client you want to modify and click the Edit link next to it. Edit the necessary fields and click the Update button to save your changes.', async () => {
    const list = await admin.visit(sandbox.url + CLIENTS);
    const link = list.$('tr:contains("OAuth sample app") a:contains("Edit")').attr('href') ?? '';
    const form = await admin.visit(new URL(link, list.url));
    expect(form.$('main form button').text()).toContain('Update');
    await admin.submit(form, `form[action="${CLIENTS}/${client.id}"]`, {
      'oauth_client[name]': 'Renamed',
      'oauth_client[redirect_uri]': 'http://localhost:9/moved',
    });

    expect(client).toMatchObject({ name: 'Renamed', redirectUri: 'http://localhost:9/moved' });
    expect((await askFor(visitor, authorizeUrl(), 'ada')).text).toContain('Renamed');
  });
});

describe('Delete an existing OAuth client', () => {
  test('un-register/delete an OAuth Client (prevent it from accessing Go via OAuth)', async () => {
    const token = await accessTokenOf(sandbox);
    await destroy();

    expect((await cctray(sandbox, `Token token="${token}"`)).status).toBe(401);
    const page = await askFor(visitor, authorizeUrl(), 'ada');
    expect(page.location.searchParams.get('error')).toBe('invalid-client-id');
  });

  test('Locate the Client you want to delete and click the Destroy link next to it. Confirm the deletion in the popup box.', async () => {
    const list = await admin.visit(sandbox.url + CLIENTS);
    const row = list.$('tr:contains("OAuth sample app")');
    const popup = row.find(`#${row.find('[popovertarget]').first().attr('popovertarget') ?? ''}`);

    expect(row.find('button[popovertarget]').first().text()).toBe('Destroy');
    expect(popup.text()).toContain('Are you sure?');
    await destroy();
    expect(sandbox.world.gocd.clients).toEqual([]);
  });
});

describe('Request for authorization code', () => {
  test('Go verifies that the requesting application has been registered with it.', async () => {
    const page = await askFor(visitor, authorizeUrl({ client_id: 'f'.repeat(64) }), 'ada');

    expect(page.headers['location']).toBe(`${client.redirectUri}?error=invalid-client-id`);
  });

  test('Send a request to: https://your-go-server.com:8154/oauth/authorize with the following query parameters', async () => {
    const page = await askFor(visitor, authorizeUrl({}, '/oauth/authorize'), 'ada');

    expect(page.status).toBe(200);
    expect(page.$('form#oauth_authorize_form')).toHaveLength(1);
  });

  test('client_id (required) The client identifier for your application.', async () => {
    const page = await askFor(visitor, authorizeUrl({ client_id: undefined }), 'ada');

    expect(page.location.searchParams.get('error')).toBe('invalid-request');
  });

  test('redirect_uri (required) URL where the user should be redirected to after access to the service is granted.', async () => {
    const page = await askFor(visitor, authorizeUrl({ redirect_uri: undefined }), 'ada');

    expect(page.status).toBe(400);
    expect(page.text).toBe("You did not specify the 'redirect_uri' parameter!");
  });

  // It may, and the answer then has two question marks: see "Where the documents differ".
  test('This uri can also include url-encoded query parameters', async () => {
    client.redirectUri = 'http://localhost:9/cb?from=go%20cd';
    const page = await allow(await askFor(visitor, authorizeUrl(), 'ada'));

    expect(page.headers['location']).toMatch(
      /^http:\/\/localhost:9\/cb\?from=go%20cd\?code=\w{64}&/,
    );
  });

  test('response_type (required) The type of response. Should always be ‘code’ in this case', async () => {
    const none = await askFor(visitor, authorizeUrl({ response_type: undefined }), 'ada');
    const other = await visitor.visit(authorizeUrl({ response_type: 'token' }));

    expect(none.location.searchParams.get('error')).toBe('invalid-request');
    expect(other.location.searchParams.get('error')).toBe('unsupported-response-type');
  });

  test('If you type the above request on a browser, you should see a form asking you to authorize the client to access the host application on your behalf.', async () => {
    const page = await askFor(visitor, authorizeUrl(), 'ada');

    expect(page.$('main').text()).toContain('Do you wish to allow the service named');
    expect(page.$('main').text()).toContain('to access this application on your behalf?');
  });

  test('Check the check box and submit.', async () => {
    const page = await askFor(visitor, authorizeUrl(), 'ada');
    const unchecked = await visitor.submit(page, 'form#oauth_authorize_form');
    const checked = await allow(page);

    expect(page.$('form#oauth_authorize_form input[type=checkbox]')).toHaveLength(1);
    expect(unchecked.location.searchParams.get('error')).toBe('access-denied');
    expect(checked.location.searchParams.get('code')).toMatch(/^\w{64}$/);
  });

  test('Your browser is redirected to your redirect URI and you should now see your authorization code as the “code” parameter.', async () => {
    const page = await allow(await askFor(visitor, authorizeUrl(), 'ada'));

    expect(page.headers['location']).toMatch(
      new RegExp(`^${client.redirectUri}\\?code=[0-9a-f]{64}(&|$)`),
    );
  });
});

describe('Get access token', () => {
  test.each(['/oauth/token', '/go/oauth/token'])(
    'For this step you’ll need to send a POST request to /oauth/token with the following key/value pairs as form data (%s)',
    async (path) => {
      expect((await askToken({ code: await codeOf(sandbox) }, path)).status).toBe(200);
      expect((await supertest(sandbox.url).get(path)).status).toBe(405);
    },
  );

  test('code (required) This is the authorization code that you got from the previous step.', async () => {
    const answer = await askToken({ code: '0'.repeat(64) });

    expect(answer.body).toMatchObject({ error: 'invalid-grant' });
  });

  test('grant_type (required) Should be ‘authorization-code’ for this request.', async () => {
    const answer = await askToken({
      code: await codeOf(sandbox),
      grant_type: 'authorization_code',
    });

    expect(answer.body).toMatchObject({ error: 'unsupported-grant-type' });
  });

  test.each(['client_id', 'client_secret'])(
    'client_id (required) The client identifier for your application. client_secret (required) The client secret for your application. (%s)',
    async (name) => {
      const answer = await askToken({ code: await codeOf(sandbox), [name]: '' });

      expect(answer.body).toMatchObject({ error: 'invalid-client-credentials' });
    },
  );

  test('redirect_uri (required) URL where the user should be redirected to, at the token endpoint', async () => {
    const without = await askToken({ code: await codeOf(sandbox), redirect_uri: '' });
    const asInTheDocuments = await askToken({
      code: await codeOf(sandbox),
      redirect_uri: 'www.my_redirect_uri.com',
    });

    for (const { body } of [without, asInTheDocuments]) {
      expect(body).toMatchObject({ error_description: 'Redirect uri mismatch!' });
    }
  });

  // The documentation prints a Ruby hash.
  test('The response to the above POST request will be a JSON containing your access token, and its expiration time in seconds', async () => {
    const answer = await exchange(sandbox, client, await codeOf(sandbox));

    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(Object.keys(answer.body as object).sort()).toEqual([
      'access_token',
      'expires_in',
      'refresh_token',
    ]);
    expect(answer.body).toMatchObject({ expires_in: 7_775_999 });
  });
});

describe('Use the access token', () => {
  test('curl -H ‘Authorization: Token token="…"’ https://www.your-go-server.com:8154/go/cctray.xml', async () => {
    const token = await accessTokenOf(sandbox);
    const answer = await cctray(sandbox, `Token token="${token}"`);

    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^<\?xml version="1.0" encoding="utf-8"\?>\n<Projects>\n {2}<Proj/);
  });
});

function authorizeUrl(
  parameters: Record<string, string | undefined> = {},
  path = '/go/oauth/authorize',
): URL {
  return authorizationUrl(sandbox, path, client, parameters);
}

async function allow(page: Page): Promise<Page> {
  return visitor.submit(page, 'form#oauth_authorize_form', { authorize: 'Yes' });
}

async function askToken(fields: Record<string, string>, path = '/go/oauth/token') {
  return supertest(sandbox.url)
    .post(path)
    .type('form')
    .send({
      grant_type: 'authorization-code',
      client_id: client.id,
      client_secret: client.secret,
      redirect_uri: client.redirectUri,
      ...fields,
    });
}

async function destroy(): Promise<void> {
  const csrf = csrfIn(await admin.visit(sandbox.url + CLIENTS));
  await admin.post(`${sandbox.url}${CLIENTS}/${client.id}`, { ...csrf, _method: 'delete' });
}
