// Rally's README "Oauth Sample Apps", sentence by sentence (spelling as there). Each test is named
// after one that says what Rally does; src/sandbox/README.md lists them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  allowAccess,
  askToken,
  authorizeUrl,
  createKey,
  exchange,
  keysOn,
  logIn,
  NEW_CLIENT,
  openManager,
  tokensOf,
  whoAmI,
} from '../../support/rally.js';
import { clientOf, closeSandboxes, codeIn, startSandboxAlone } from '../../support/sandbox.js';
import type { Visitor } from '../../support/visitor.js';

const STATE = 'e347b102-6029-49b0-81d7-5089d846812e'; // the README's own example

let sandbox: Sandbox;
let ada: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
});
afterEach(closeSandboxes);

describe('Client Ids', () => {
  test('You can create/modify clients at https://rally1.rallydev.com/login/accounts/index.html#/clients', async () => {
    const page = await openManager(sandbox, ada);

    expect(page.url.pathname).toBe('/login/accounts/index.html');
    expect(page.$(`[id="/clients"] form button`).first().text()).toBe('Save');
  });

  test('The page will ask you to enter a name and redirect_uri for your client.', async () => {
    const labels = (await openManager(sandbox, ada)).$(`${NEW_CLIENT} label`);

    expect(labels.text()).toBe('Application NameCallback URL');
  });

  test('After saving it will give you a client_id and client_secret to use in your app.', async () => {
    const before = sandbox.world.rally.clients.length;
    const fields = { name: 'My app', redirectUri: 'http://localhost:4567/oauth-redirect' };
    await ada.submit(await openManager(sandbox, ada), NEW_CLIENT, fields);
    const [client] = sandbox.world.rally.clients.slice(before);
    const page = await openManager(sandbox, ada);

    expect(page.text).toContain(client?.id);
    expect(page.text).toContain(client?.secret);
    expect((await tokensOf(sandbox, ada, client)).access_token).toMatch(/^[\w-]{43}$/);
  });

  test('Zuul’s oauth URLs are: Authentication https://rally1.rallydev.com/login/oauth2/auth', async () => {
    const page = await ada.visit(authorizeUrl(sandbox));

    expect(page.url.pathname).toBe('/login/oauth2/auth');
    expect(page.$('h1').text()).toBe('Authorization Request');
  });

  test('Zuul’s oauth URLs are: Token https://rally1.rallydev.com/login/oauth2/token', async () => {
    const answer = await supertest(sandbox.url).post('/login/oauth2/token');

    expect(answer.body).toMatchObject({ error: 'invalid_grant' });
  });
});

describe('API Key', () => {
  test('API keys are strings that you can use in place of a zuul session token or username/password combination.', async () => {
    const { value } = await createKey(sandbox, ada);

    expect((await whoAmI(sandbox, value)).body).toMatchObject({
      User: { UserName: 'ada@example.test' },
    });
  });

  test('You can generate and name as many keys as needed at https://rally1.rallydev.com/login/accounts/index.html#/keys', async () => {
    for (const name of ['one', 'two', 'three']) await createKey(sandbox, ada, name);
    const keys = keysOn(await openManager(sandbox, ada));

    expect(keys.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  });

  test.each([
    ['a cookie', 'Cookie', 'zsessionid='],
    ['header', 'zsessionid', ''],
  ])(
    'To use one, you can make calls to alm with %s called zsessionid set to the secret_key value of your API key.',
    async (_what, header, prefix) => {
      const { label, value } = await createKey(sandbox, ada);
      const request = supertest(sandbox.url).get('/slm/webservice/v2.0/hierarchicalrequirement');
      const answer = await request.set(header, prefix + value);

      expect(label).toBe('secret_key');
      expect(answer.body).toMatchObject({ QueryResult: { Errors: [] } });
    },
  );

  test.each(['delete', 'reset'])(
    'You can delete or regenerate an existing API Key to revoke access to keys you have previously issued. (%s)',
    async (action) => {
      const { value } = await createKey(sandbox, ada);
      const form = `form[action*="/keys/"][action*="/${action}"]`;
      await ada.submit(await openManager(sandbox, ada), form);

      expect((await whoAmI(sandbox, value)).status).toBe(401);
    },
  );
});

describe('Revoking Grants', () => {
  test('After you agree to let an oauth client access your data, you can remove the grant by visiting https://rally1.rallydev.com/login/accounts/index.html#/apps and clicking remove on the application you do not want to have access any longer.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);
    const page = await openManager(sandbox, ada);
    const application = '[id="/apps"] article:contains("OAuth sample app")';

    expect(page.$(`${application} button`).text()).toBe('Remove');
    await ada.submit(page, `${application} form`);
    expect((await whoAmI(sandbox, token)).status).toBe(401);
  });
});

describe('Workflow', () => {
  test('state a key to use to validate the auth token, typically a UUID.', async () => {
    const { location } = await allowAccess(ada, authorizeUrl(sandbox, { state: STATE }));

    expect(location.searchParams.get('state')).toBe(STATE);
  });

  test('response_type set to ‘code’.', async () => {
    const { location } = await ada.visit(authorizeUrl(sandbox, { response_type: 'token' }));

    expect(location.searchParams.get('error')).toBe('unsupported_response_type');
  });

  test('redirect_uri this must match the URL you specified when creating your client id and secret.', async () => {
    const redirect_uri = `${clientOf(sandbox, 'rally').redirectUri}/`;
    const page = await ada.visit(authorizeUrl(sandbox, { redirect_uri }));

    expect(page.status).toBe(400);
    expect(page.headers).not.toHaveProperty('location');
  });

  test('client_id is the client_id that was created in Rally.', async () => {
    const client_id = '817b4273628c415cddfd657ab7224582'; // the README's own example
    const page = await ada.visit(authorizeUrl(sandbox, { client_id }));

    expect(page.status).toBe(400);
    expect(page.$('h1').text()).toBe('Unknown client_id');
  });

  test('scope set to ‘alm’.', async () => {
    const asked = await ada.visit(authorizeUrl(sandbox, { scope: 'alm' }));
    const { location } = await ada.visit(authorizeUrl(sandbox, { scope: 'alms' }));

    expect(asked.$('h1').text()).toBe('Authorization Request');
    expect(location.searchParams.get('error')).toBe('invalid_scope');
  });

  test('In the handler for the URL you redirect to you need to get the code from the parameters and POST to the token endpoint.', async () => {
    const back = await allowAccess(ada, authorizeUrl(sandbox));
    const get = await supertest(sandbox.url).get('/login/oauth2/token');

    expect((await exchange(sandbox, codeIn(back))).status).toBe(200);
    expect(get.status).toBe(404);
  });

  // The README speaks of a JSON body, and of `token`: see "Where the documents differ".
  test('You will recieve a JSON body with ‘state’ and ‘code’.', async () => {
    const back = await allowAccess(ada, authorizeUrl(sandbox, { state: STATE }));

    expect(back.status).toBe(302);
    expect([...back.location.searchParams.keys()].sort()).toEqual(['code', 'state']);
  });

  test.each<[string, Record<string, string>]>([
    ['code', { code: 'another' }],
    ['redirect_uri', { redirect_uri: 'http://localhost:9/' }],
    ['grant_type', { grant_type: 'authorization-code' }],
    ['client_id', { client_id: 'another' }],
    ['client_secret', { client_secret: 'another' }],
  ])(
    'The BODY must contain the following parameters in URL/form encoded format. (%s)',
    async (_name, fields) => {
      const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox)));
      const body = { grant_type: 'authorization_code', code };

      expect((await askToken(sandbox, { ...body, ...fields })).status).not.toBe(200);
      const fresh = codeIn(await allowAccess(ada, authorizeUrl(sandbox)));
      expect((await askToken(sandbox, { ...body, code: fresh })).status).toBe(200);
    },
  );

  test('Ensure you set the Content-Type header to "application/x-www-form-urlencoded".', async () => {
    const { id, secret, redirectUri } = clientOf(sandbox, 'rally');
    const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox)));
    const answer = await supertest(sandbox.url).post('/login/oauth2/token').send({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: id,
      client_secret: secret,
    });

    expect(answer.body).toMatchObject({ error: 'invalid_grant' });
  });

  test('The response will either contain an error body in JSON such as {"client_id":null, "client_secret":null, "error_description":"Invalid value for grant_type params - must be authorization_code", "error":"invalid_grant"}', async () => {
    const answer = await askToken(sandbox, { grant_type: 'password' });

    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({
      client_id: null,
      client_secret: null,
      error_description: 'Invalid value for grant_type params - must be authorization_code',
      error: 'invalid_grant',
    });
  });

  test('or on success a JSON body of {"id_token":"???","refresh_token":"…","expires_in":86400,"token_type":"Bearer","access_token":"…"}', async () => {
    const answer = await exchange(sandbox, codeIn(await allowAccess(ada, authorizeUrl(sandbox))));

    expect(answer.text).toMatch(
      /^\{"id_token":"\?\?\?","refresh_token":"\w{29}","expires_in":86400,"token_type":"Bearer","access_token":"[\w-]+"\}$/,
    );
  });

  test('You can then use the access_token to make requests using the Rally Web Services API. On each request set the zsessionid header to the access token.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);

    expect((await whoAmI(sandbox, token)).body).toMatchObject({
      User: { UserName: 'ada@example.test' },
    });
  });
});
