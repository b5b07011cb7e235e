// GoCD's documentation "OAuth Overview", sentence by sentence. Each test is named after one that says
// what GoCD does; src/sandbox/README.md lists them, and says where the documentation and GoCD differ.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  accessTokenOf,
  askToken,
  AUTHORIZE,
  cctray,
  CLIENTS,
  codeOf,
  exchange,
  oauth,
  open,
  registerClient,
} from '../../support/gocd.js';
import {
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  startSandboxAlone,
  type Fields,
  type SandboxClient,
} from '../../support/sandbox.js';
import { Visitor, type Page } from '../../support/visitor.js';

const MILK_APP = { name: 'Milk app', redirectUri: 'http://localhost:9/milk' };
const EXAMPLE = { name: 'Example', redirectUri: 'http://www.my_redirect_uri.com' };

const INVALID_CLIENT = 'invalid-client-credentials: Invalid client credentials!';
const missingOr = (another: string) => [
  ['missing', undefined],
  ['another', another],
];

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

describe('OAuth Overview', () => {
  test('Go implements the OAuth protocol to authorize third party application’s (client’s) request to access data on the Go server.', async () => {
    const token = await accessTokenOf(sandbox);

    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
  });
});

describe('What is OAuth?', () => {
  test('Oauth allows the user to enter his user credentials (ex. username and password) only to the provider app, which then grants the client app permission to view the protected resources on behalf of the user.', async () => {
    const login = await visitor.browse(authorizeUrl());

    expect(login.url.origin).toBe(sandbox.url);
    expect(login.$('input[type=password]')).toHaveLength(1);
    const ofGuest = await cctray(sandbox, oauth(await accessTokenOf(sandbox, 'guest')));
    const ofAda = await cctray(sandbox, oauth(await accessTokenOf(sandbox)));
    expect(ofGuest.text).not.toContain('<Project ');
    expect(ofAda.text).toContain('<Project ');
  });
});

describe('Create a new OAuth client', () => {
  test('Before any third-party application can use GoCD using OAuth, it needs to be registered in Go as an OAuth client.', async () => {
    const page = await askFor(visitor, authorizeUrl({ client_id: 'unregistered' }), 'ada');

    expect(page.location.searchParams.get('error')).toBe('invalid-client-id');
  });

  test('Login as an administrator to Go.', async () => {
    const person = await open(visitor, sandbox, CLIENTS, 'ada');
    const administrator = await open(new Visitor(), sandbox, CLIENTS, 'admin');

    expect([person.status, administrator.status]).toEqual([403, 200]);
  });

  test('Navigate to the Admin page, then the OAuth Clients tab.', async () => {
    const home = await admin.browse(sandbox.gocdUrl);
    const link = home.$('nav a:contains("Admin")').attr('href') ?? '';
    const page = await admin.browse(new URL(link, home.url));

    expect(page.url.pathname).toBe(CLIENTS);
    expect(page.$('[aria-current]').text()).toContain('OAuth Clients');
  });

  test('Click the New OAuth Client button.', async () => {
    const list = await admin.visit(sandbox.url + CLIENTS);
    const button = list.$('a:contains("New OAuth Client")').attr('href') ?? '';
    const form = await admin.visit(new URL(button, list.url));

    expect(form.$('h1').text()).toBe('New OAuth client');
  });

  test('Fill in the Name and Redirect URL for the third-party application.', async () => {
    const form = await admin.visit(`${sandbox.url}${CLIENTS}/new`);
    await registerClient(sandbox, admin, MILK_APP);
    const list = await admin.visit(sandbox.url + CLIENTS);

    expect(form.$('main label').text()).toBe('NameRedirect URL');
    expect(list.$('tr:contains("Milk app")').text()).toContain(MILK_APP.redirectUri);
  });

  test('The redirect URL is where Go will send the end-user to once the authorization process is complete.', async () => {
    const { location } = await allow(await askFor(visitor, authorizeUrl(), 'ada'));

    expect(location.origin + location.pathname).toBe(client.redirectUri);
  });

  test('You’ll be presented with a summary of the newly registered application.', async () => {
    const { summary } = await registerClient(sandbox, admin, MILK_APP);

    expect(summary.$('h1').text()).toContain('Milk app');
    expect(summary.$('dt').text()).toContain('Client ID');
  });

  test('Use the provided Client ID and Secret in the third-party application to enable OAuth communications with Go.', async () => {
    const { client: milk } = await registerClient(sandbox, admin, MILK_APP);
    const token = await accessTokenOf(sandbox, 'ada', milk);

    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
  });
});

describe('Edit an existing OAuth client', () => {
  test('If you’ve already registered an OAuth Client, but want to change its name or redirect URL, here’s how:', async () => {
    await edit('Renamed', 'http://localhost:9/moved');
    const moved = { ...client, redirectUri: 'http://localhost:9/moved' };
    const token = await accessTokenOf(sandbox, 'ada', moved);

    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
  });

  test('Locate the Client you want to modify and click the Edit link next to it.', async () => {
    const form = await editForm();

    expect(form.$('h1').text()).toBe('Edit OAuth client');
    expect(form.$('[name="oauth_client[name]"]').val()).toBe('OAuth sample app');
  });

  test('Edit the necessary fields and click the Update button to save your changes.', async () => {
    expect((await editForm()).$('main form button').text()).toContain('Update');
    await edit('Renamed', client.redirectUri);
    const list = await admin.visit(sandbox.url + CLIENTS);

    expect(list.$('tbody th').text().trim()).toBe('Renamed');
    expect((await askFor(visitor, authorizeUrl(), 'ada')).text).toContain('Renamed');
  });
});

describe('Delete an existing OAuth client', () => {
  test('If you want to un-register/delete an OAuth Client (prevent it from accessing Go via OAuth), here’s how:', async () => {
    const token = await accessTokenOf(sandbox);
    await destroy();

    expect((await cctray(sandbox, oauth(token))).status).toBe(401);
    const page = await askFor(visitor, authorizeUrl(), 'ada');
    expect(page.location.searchParams.get('error')).toBe('invalid-client-id');
  });

  test('Locate the Client you want to delete and click the Destroy link next to it.', async () => {
    const list = await admin.visit(sandbox.url + CLIENTS);
    const button = list.$('tr:contains("OAuth sample app") button[popovertarget]').first();

    expect(button.text()).toBe('Destroy');
    expect(list.$(`#${button.attr('popovertarget') ?? ''}[popover]`).text()).toContain(
      'Are you sure?',
    );
    expect((await askFor(visitor, authorizeUrl(), 'ada')).status).toBe(200); // it only asks
  });

  test('Confirm the deletion in the popup box.', async () => {
    await destroy();
    const list = await admin.visit(sandbox.url + CLIENTS);

    expect(list.$('[role=status]').text()).toBe('OAuth client was successfully deleted.');
    expect(list.$('tr:contains("OAuth sample app")')).toHaveLength(0);
  });
});

describe('Request for authorization code', () => {
  // The engine asks for the secret when the code is exchanged, not before.
  test('Your client needs to contact Go server for an authorization code using the client Id and client secret.', async () => {
    const asked = authorizeUrl();
    const page = await allow(await askFor(visitor, asked, 'ada'));

    expect(asked.search).not.toContain('client_secret');
    expect(page.location.searchParams.get('code')).toMatch(/^[0-9a-f]{64}$/);
  });

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

  test('response_type (required) The type of response.', async () => {
    const page = await askFor(visitor, authorizeUrl({ response_type: undefined }), 'ada');

    expect(page.location.searchParams.get('error')).toBe('invalid-request');
  });

  test('Should always be ‘code’ in this case', async () => {
    const page = await askFor(visitor, authorizeUrl({ response_type: 'token' }), 'ada');

    expect(page.location.searchParams.get('error')).toBe('unsupported-response-type');
  });

  test('Example Request: https://www.your-go-server.com:8154/oauth/authorize?redirect_uri=http://www.my_redirect_uri.com&client_id=ac212ddea07c6ac009d26de8090f5918f73ae648dc3676b1f00aeeae4fca67e1&response_type=code', async () => {
    const { client: example } = await registerClient(sandbox, admin, EXAMPLE);
    const url = `${sandbox.url}/oauth/authorize?redirect_uri=http://www.my_redirect_uri.com&client_id=${example.id}&response_type=code`;
    const page = await askFor(visitor, new URL(url), 'ada');

    expect(example.id).toMatch(/^[0-9a-f]{64}$/);
    expect(page.$('form#oauth_authorize_form')).toHaveLength(1);
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

  test('Save this code, you will need it for the next step.', async () => {
    const { location } = await allow(await askFor(visitor, authorizeUrl(), 'ada'));
    const saved = location.searchParams.get('code') ?? '';

    expect((await exchange(sandbox, client, saved)).status).toBe(200);
  });

  // Behind the code comes its life in seconds, of which the documentation says nothing.
  test('Example Response: http://www.my_redirect_uri.com?code=26a7dea5e7e121be5ad5832a4a5b09d505c234c7625de3f375971264688bdb51', async () => {
    ({ client } = await registerClient(sandbox, admin, EXAMPLE));
    const page = await allow(await askFor(visitor, authorizeUrl(), 'ada'));

    expect(page.headers['location']).toMatch(
      /^http:\/\/www\.my_redirect_uri\.com\?code=[0-9a-f]{64}&expires_in=3599$/,
    );
  });
});

describe('Get access token', () => {
  test.each(['/oauth/token', '/go/oauth/token'])(
    'For this step you’ll need to send a POST request to /oauth/token with the following key/value pairs as form data (%s)',
    async (path) => {
      const form = { grant_type: 'authorization-code', code: await codeOf(sandbox) };

      expect((await askToken(sandbox, form, client, path)).status).toBe(200);
      expect((await supertest(sandbox.url).get(path)).status).toBe(405);
    },
  );

  test.each(missingOr('0'.repeat(64)))(
    'code (required) This is the authorization code that you got from the previous step. (%s)',
    async (_what, code) => {
      expect(await faultWith({ code })).toBe('invalid-grant: Authorization expired or invalid!');
    },
  );

  test.each([
    ['missing', undefined, ''],
    ['another', 'authorization_code', 'authorization_code'],
  ])(
    'grant_type (required) Should be ‘authorization-code’ for this request. (%s)',
    async (_what, grant_type, named) => {
      const fault = `unsupported-grant-type: Grant type ${named} is not supported!`;

      expect(await faultWith({ grant_type })).toBe(fault);
    },
  );

  test.each(missingOr('another'))(
    'client_id (required) The client identifier for your application. (%s)',
    async (_what, client_id) => {
      expect(await faultWith({ client_id })).toBe(INVALID_CLIENT);
    },
  );

  test.each(missingOr('another'))(
    'client_secret (required) The client secret for your application. (%s)',
    async (_what, client_secret) => {
      expect(await faultWith({ client_secret })).toBe(INVALID_CLIENT);
    },
  );

  test.each(missingOr('http://localhost:9/'))(
    'redirect_uri (required) URL where the user should be redirected to after access to the service is granted. (%s)',
    async (_what, redirect_uri) => {
      expect(await faultWith({ redirect_uri })).toBe('invalid-grant: Redirect uri mismatch!');
    },
  );

  test('This uri can also include url-encoded query parameters', async () => {
    const redirectUri = 'http://localhost:9/milk?from=go%20cd';
    const { client: milk } = await registerClient(sandbox, admin, { ...MILK_APP, redirectUri });
    const redirected = await allow(
      await askFor(visitor, authorizationUrl(sandbox, AUTHORIZE, milk), 'ada'),
    );
    const [, code = ''] = /\?code=(\w+)/.exec(String(redirected.headers['location'])) ?? [];

    expect((await exchange(sandbox, milk, code)).status).toBe(200);
  });

  // Its redirect URI has no scheme, and is not the registered one: see "Where the documents differ".
  test('Example Request (in curl) : curl https://www.your-go-server:8154/go/oauth/token -d "code=26a7dea5e7e121be5ad5832a4a5b09d505c234c7625de3f375971264688bdb51&grant_type=authorization-code&client_id=ac212ddea07c6ac009d26de8090f5918f73ae648dc3676b1f00aeeae4fca67e1&client_secret=d1b54df502f162108a6136ec584dc637a7ad5578832a5db364e0d7b47657c718&redirect_uri=www.my_redirect_uri.com" -v', async () => {
    const { client: example } = await registerClient(sandbox, admin, EXAMPLE);
    const curl = async (redirectUri: string) => {
      const code = await codeOf(sandbox, 'ada', example);
      const data = `code=${code}&grant_type=authorization-code&client_id=${example.id}&client_secret=${example.secret}&redirect_uri=${redirectUri}`;
      return supertest(sandbox.url).post('/go/oauth/token').type('form').send(data);
    };

    expect((await curl('http://www.my_redirect_uri.com')).status).toBe(200);
    const asPrinted = await curl('www.my_redirect_uri.com');
    expect(asPrinted.status).toBe(400);
    expect(asPrinted.body).toMatchObject({ error_description: 'Redirect uri mismatch!' });
  });

  test('The response to the above POST request will be a JSON containing your access token, and its expiration time in seconds', async () => {
    const answer = await exchange(sandbox, client, await codeOf(sandbox));

    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const { expires_in: seconds, access_token: token } = answer.body as {
      access_token: string;
      expires_in: number;
    };
    const header = oauth(token);
    expect(seconds).toBe(7_775_999); // a second less than it lives
    sandbox.world.clock.putForward((seconds - 60) * 1000);
    expect((await cctray(sandbox, header)).status).toBe(200);
    sandbox.world.clock.putForward(61_000);
    expect((await cctray(sandbox, header)).status).toBe(401);
  });

  // The documentation prints a Ruby hash, and a token that lives shorter.
  test('Example Response: {:access_token => f180f7bb68d38531aac2f49e5b0cac0c5ed5ced9b72842a429e783747e819664, :expires_in => 3529, :refresh_token => e1n54df802f162108a6336ec584dc637a7ad5578832a5db364e0d7b47657c875}', async () => {
    sandbox = await startSandboxAlone({ tokenTtlSeconds: 3530 });
    const answer = await exchange(sandbox, clientOf(sandbox, 'gocd'), await codeOf(sandbox));

    expect(answer.text).toMatch(
      /^\{"access_token":"[0-9a-f]{64}","expires_in":3529,"refresh_token":"[0-9a-f]{64}"\}$/,
    );
  });
});

describe('Use the access token', () => {
  test('Now you are ready to query data from the Go server.', async () => {
    const token = await accessTokenOf(sandbox);

    expect((await cctray(sandbox)).status).toBe(401);
    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
  });

  test('Example Request: curl -H ‘Authorization: Token token="f180f7bb68d38531aac2f49e5b0cac0c5ed5ced9b72842a429e783747e819664"’ https://www.your-go-server.com:8154/go/cctray.xml', async () => {
    const token = await accessTokenOf(sandbox);
    const answer = await cctray(sandbox, oauth(token));

    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(answer.text).toMatch(/^<\?xml version="1.0" encoding="utf-8"\?>\n<Projects>\n {2}<Proj/);
  });
});

function authorizeUrl(parameters: Fields = {}, path = AUTHORIZE): URL {
  return authorizationUrl(sandbox, path, client, parameters);
}

async function allow(page: Page): Promise<Page> {
  return visitor.submit(page, 'form#oauth_authorize_form', { authorize: 'Yes' });
}

/** How a good exchange is refused for some fields. */
async function faultWith(fields: Fields): Promise<string> {
  const good = { grant_type: 'authorization-code', code: await codeOf(sandbox) };
  const { status, body } = await askToken(sandbox, { ...good, ...fields });
  expect(status).toBe(400);
  const { error, error_description: words } = body as Record<string, string>;
  return `${error ?? ''}: ${words ?? ''}`;
}

async function editForm(): Promise<Page> {
  const list = await admin.visit(sandbox.url + CLIENTS);
  const link = list.$('tr:contains("OAuth sample app") a:contains("Edit")').attr('href') ?? '';
  return admin.visit(new URL(link, list.url));
}

async function edit(name: string, redirectUri: string): Promise<void> {
  await admin.submit(await editForm(), `form[action="${CLIENTS}/${client.id}"]`, {
    'oauth_client[name]': name,
    'oauth_client[redirect_uri]': redirectUri,
  });
}

/** By the form in the popup that the Destroy link opens. */
async function destroy(): Promise<void> {
  const list = await admin.visit(sandbox.url + CLIENTS);
  const button = list.$('tr:contains("OAuth sample app") button[popovertarget]').first();
  await admin.submit(list, `#${button.attr('popovertarget') ?? ''} form`);
}
