// Rally's README "Oauth Sample Apps", sentence by sentence (spelling as there). Each test is named
// after one that says what Rally does; src/sandbox/README.md lists them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  allowAccess,
  askToken,
  authorizeUrl,
  clientsOn,
  createClient,
  createKey,
  exchange,
  keysOn,
  logIn,
  NEW_CLIENT,
  openManager,
  tokensOf,
  whoAmI,
} from '../../support/rally.js';
import {
  askFor,
  clientOf,
  closeSandboxes,
  codeIn,
  postForm,
  startSandboxAlone,
  STATE,
  type Fields,
} from '../../support/sandbox.js';
import { Visitor } from '../../support/visitor.js';

const MY_APP = { name: 'My app', redirectUri: 'http://localhost:4567/oauth-redirect' };

let sandbox: Sandbox;
let ada: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
});
afterEach(closeSandboxes);

describe('Client Ids', () => {
  test('To create a new Oauth integration, you will need to create a client id for your new application.', async () => {
    const unknown = { ...MY_APP, id: 'not-created', secret: '' };
    const client = await createClient(sandbox, ada, MY_APP);

    const refused = await ada.visit(authorizeUrl(sandbox, {}, unknown));
    expect([refused.status, refused.$('h1').text()]).toEqual([400, 'Unknown client_id']);
    expect((await ada.visit(authorizeUrl(sandbox, {}, client))).status).toBe(200);
  });

  test('You can create/modify clients at https://rally1.rallydev.com/login/accounts/index.html#/clients', async () => {
    const created = await createClient(sandbox, ada, MY_APP);
    const page = await openManager(sandbox, ada);
    await ada.submit(page, 'article:contains("My app") details form', {
      name: 'My other app',
      redirectUri: 'http://localhost:4567/elsewhere',
    });
    const modified = clientsOn(await openManager(sandbox, ada)).at(-1);

    expect(page.url.pathname).toBe('/login/accounts/index.html');
    expect(created).toMatchObject(MY_APP);
    expect(modified).toEqual({
      ...created,
      name: 'My other app',
      redirectUri: 'http://localhost:4567/elsewhere',
    });
  });

  test('The page will ask you to enter a name and redirect_uri for your client.', async () => {
    const labels = (await openManager(sandbox, ada)).$(`${NEW_CLIENT} label`);

    expect(labels.text()).toBe('Application NameCallback URL');
  });

  test('After saving it will give you a client_id and client_secret to use in your app.', async () => {
    const client = await createClient(sandbox, ada, MY_APP);

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
    ['cookie', 'Cookie', 'zsessionid='],
    ['header', 'zsessionid', ''],
  ])(
    'To use one, you can make calls to alm with a cookie or header called zsessionid set to the secret_key value of your API key. (%s)',
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
  test('Go to https://rally1.rallydev.com/login/accounts/index.html#/clients and create a new Client for your application.', async () => {
    await createClient(sandbox, ada, MY_APP);
    const names = clientsOn(await openManager(sandbox, ada)).map(({ name }) => name);

    expect(names).toEqual(['OAuth sample app', 'My app']);
  });

  test('Save the Client ID and Client Secret.', async () => {
    const saved = await createClient(sandbox, ada, MY_APP);
    const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox, {}, saved)));

    expect((await exchange(sandbox, code, { ...saved, secret: 'not-saved' })).status).toBe(401);
    expect((await exchange(sandbox, code, saved)).status).toBe(200);
  });

  test('To gain an access token for a user from your app first redirect to https://rally1.rallydev.com/login/oauth2/auth', async () => {
    const visitor = new Visitor();
    const login = await visitor.visit(authorizeUrl(sandbox));
    const page = await askFor(visitor, authorizeUrl(sandbox), 'ada@example.test');

    expect(login.location.pathname).toBe('/login');
    expect(page.$('main').text()).toContain('Ada Finch');
    const token = (await exchange(sandbox, codeIn(await allowAccess(visitor, page.url)))).body;
    expect(token).toHaveProperty('access_token');
  });

  test('Encode the following parameters onto the URL', async () => {
    const state = 'a b&c=d%é';
    const { location } = await allowAccess(ada, authorizeUrl(sandbox, { state }));

    expect(location.searchParams.get('state')).toBe(state);
  });

  test('state a key to use to validate the auth token, typically a UUID.', async () => {
    const { location } = await allowAccess(ada, authorizeUrl(sandbox, { state: STATE }));

    expect(location.searchParams.get('state')).toBe(STATE);
  });

  test.each([
    ['another', 'token', 'unsupported_response_type'],
    ['none', undefined, 'invalid_request'],
  ])('response_type set to ‘code’. (%s)', async (_what, response_type, error) => {
    const { location } = await ada.visit(authorizeUrl(sandbox, { response_type }));

    expect(location.searchParams.get('error')).toBe(error);
  });

  test.each([
    ['another', 'http://localhost:9/oauth-redirect/'],
    ['none', undefined],
  ])(
    'redirect_uri this must match the URL you specified when creating your client id and secret. (%s)',
    async (_what, redirect_uri) => {
      const page = await ada.visit(authorizeUrl(sandbox, { redirect_uri }));

      expect(page.status).toBe(400);
      expect(page.headers).not.toHaveProperty('location');
    },
  );

  test.each([
    ['another', '817b4273628c415cddfd657ab7224582'], // the README's own example
    ['none', undefined],
  ])('client_id is the client_id that was created in Rally. (%s)', async (_what, client_id) => {
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

  test('For example: https://rally1.rallydev.com/login/oauth2/auth?state=e347b102-6029-49b0-81d7-5089d846812e&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A4567%2Foauth-redirect&client_id=817b4273628c415cddfd657ab7224582&scope=alm', async () => {
    const { id } = await createClient(sandbox, ada, MY_APP);
    const url = `${sandbox.url}/login/oauth2/auth?state=e347b102-6029-49b0-81d7-5089d846812e&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A4567%2Foauth-redirect&client_id=${id}&scope=alm`;
    const { location } = await allowAccess(ada, new URL(url));

    expect(location.origin + location.pathname).toBe('http://localhost:4567/oauth-redirect');
    expect(location.searchParams.get('state')).toBe('e347b102-6029-49b0-81d7-5089d846812e');
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

  test.each([STATE, 'of another sign-in', undefined])(
    'state must match the ‘state’ you specified earlier. (%s)',
    async (state) => {
      const { location } = await allowAccess(ada, authorizeUrl(sandbox, { state }));

      expect(location.searchParams.get('state')).toBe(state ?? null);
    },
  );

  test('token is the auth token that you can exchange for an access token.', async () => {
    const { location } = await allowAccess(ada, authorizeUrl(sandbox));
    const answer = await exchange(sandbox, location.searchParams.get('code') ?? '');

    expect(location.searchParams.has('token')).toBe(false); // it is called `code`
    expect(answer.body).toHaveProperty('access_token');
  });

  test('To exchange the auth token for an access token: POST to https://rally1.rallydev.com/login/oauth2/token', async () => {
    const { id, secret, redirectUri } = clientOf(sandbox, 'rally');
    const answer = await postForm(sandbox, '/login/oauth2/token', {
      code: await newCode(),
      redirect_uri: redirectUri,
      grant_type: 'authorization_code',
      client_id: id,
      client_secret: secret,
    });

    expect(answer.body).toHaveProperty('access_token');
  });

  test.each([
    ['code', 400, 'invalid_grant', 'Invalid code'],
    ['redirect_uri', 400, 'invalid_grant', 'redirect_uri does not match'],
    [
      'grant_type',
      400,
      'invalid_grant',
      'Invalid value for grant_type params - must be authorization_code',
    ],
    ['client_id', 401, 'invalid_client', 'Invalid client credentials'],
    ['client_secret', 401, 'invalid_client', 'Invalid client credentials'],
  ])(
    'The BODY must contain the following parameters in URL/form encoded format. (%s)',
    async (name, status, error, error_description) => {
      const answer = await askWith({ [name]: undefined });

      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({ error, error_description });
      expect((await askWith({})).status).toBe(200);
    },
  );

  test('code the ‘code’ you recieved.', async () => {
    expect(await errorWith({ code: 'another' })).toBe('400 invalid_grant');
  });

  test('redirect_uri must match the redirect_uri you specified earlier.', async () => {
    const redirect_uri = 'http://localhost:9/';

    expect(await errorWith({ redirect_uri })).toBe('400 invalid_grant');
  });

  test('grant_type set to ‘authorization_code’.', async () => {
    expect(await errorWith({ grant_type: 'authorization-code' })).toBe('400 invalid_grant');
  });

  test('client_id set to your client id.', async () => {
    expect(await errorWith({ client_id: 'another' })).toBe('401 invalid_client');
  });

  test('client_secret set to your client secret.', async () => {
    expect(await errorWith({ client_secret: 'another' })).toBe('401 invalid_client');
  });

  test('Ensure you set the Content-Type header to "application/x-www-form-urlencoded".', async () => {
    const { id, secret, redirectUri } = clientOf(sandbox, 'rally');
    const answer = await supertest(sandbox.url)
      .post('/login/oauth2/token')
      .send({
        grant_type: 'authorization_code',
        code: await newCode(),
        redirect_uri: redirectUri,
        client_id: id,
        client_secret: secret,
      });

    expect(answer.status).toBe(400);
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

  test('or on success a JSON body of {"id_token":"???","refresh_token":"8b829ee0a4cb45f6884f580433c98","expires_in":86400,"token_type":"Bearer","access_token":"Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs"}', async () => {
    const answer = await exchange(sandbox, await newCode());

    expect(answer.text).toMatch(
      /^\{"id_token":"\?\?\?","refresh_token":"\w{29}","expires_in":86400,"token_type":"Bearer","access_token":"[\w-]+"\}$/,
    );
  });

  test('You can then use the access_token to make requests using the Rally Web Services API.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);

    expect((await whoAmI(sandbox, token)).body).toMatchObject({
      User: { UserName: 'ada@example.test' },
    });
  });

  test('On each request set the zsessionid header to the access token.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);
    const user = () => supertest(sandbox.url).get('/slm/webservice/v2.0/user');

    expect((await user().set('zsessionid', token)).status).toBe(200);
    expect((await user()).status).toBe(401);
  });
});

async function newCode(): Promise<string> {
  return codeIn(await allowAccess(ada, authorizeUrl(sandbox)));
}

/** A good exchange, but for some fields. */
async function askWith(fields: Fields) {
  const code = await newCode();
  return askToken(sandbox, { grant_type: 'authorization_code', code, ...fields });
}

async function errorWith(fields: Fields): Promise<string> {
  const { status, body } = await askWith(fields);
  return `${status} ${(body as { error: string }).error}`;
}
