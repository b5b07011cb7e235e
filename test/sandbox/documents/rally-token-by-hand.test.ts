// Broadcom's article 140086, "Rally - Creating an Oauth token manually", sentence by sentence.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  allowAccess,
  askToken,
  authorizeUrl,
  createClient,
  exchange,
  logIn,
  openManager,
  tokensOf,
} from '../../support/rally.js';
import {
  askFor,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  STATE,
  type Fields,
  type SandboxClient,
} from '../../support/sandbox.js';
import { Visitor } from '../../support/visitor.js';

const REDIRECT_URI = 'http://localhost'; // the article's own: no port, no path

let sandbox: Sandbox;
let ada: Visitor;
let client: SandboxClient;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
  client = await createClient(sandbox, ada, { name: 'By hand', redirectUri: REDIRECT_URI });
});
afterEach(closeSandboxes);

describe('Resolution', () => {
  test('First you’ll need to create an oauth client.', async () => {
    const refused = await ada.visit(authorizeUrl(sandbox, { client_id: 'not-created' }, client));

    expect(refused.$('h1').text()).toBe('Unknown client_id');
    expect((await ada.visit(authorizeUrl(sandbox, {}, client))).status).toBe(200);
  });

  test('The key pieces of information moving forward will be the callback URL, client ID and client secret', async () => {
    const page = await openManager(sandbox, ada);

    expect(page.$('article:contains("By hand") dt').text()).toBe(
      'Client IDClient SecretCallback URL',
    );
  });

  test('Next you’ll create a URL going to https://rally1.rallydev.com/login/oauth2/auth and use the following parameters', async () => {
    const url = authorizeUrl(sandbox, { state: STATE }, client);

    expect(url.pathname).toBe('/login/oauth2/auth');
    expect([...url.searchParams.keys()].sort()).toEqual([
      'client_id',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ]);
    expect((await ada.visit(url)).$('h1').text()).toBe('Authorization Request');
  });

  test('state: a key to use to validate the auth token, typically a UUID.', async () => {
    const { location } = await allowAccess(ada, authorizeUrl(sandbox, { state: STATE }, client));

    expect(location.searchParams.get('state')).toBe(STATE);
  });

  test('response_type: set to ‘code’.', async () => {
    const { location } = await ada.visit(authorizeUrl(sandbox, { response_type: 'token' }, client));

    expect(location.searchParams.get('error')).toBe('unsupported_response_type');
  });

  test('redirect_uri: this must match the URL you specified when creating your client id and secret above.', async () => {
    const page = await ada.visit(
      authorizeUrl(sandbox, { redirect_uri: 'http://localhost/' }, client),
    );

    expect(page.status).toBe(400);
    expect(page.$('h1').text()).toBe('The redirect URI is not the registered one');
  });

  test('client_id: is the client_id that was created above.', async () => {
    const page = await ada.visit(authorizeUrl(sandbox, { client_id: client.secret }, client));

    expect(page.status).toBe(400);
    expect(page.$('h1').text()).toBe('Unknown client_id');
  });

  test('scope set to ‘alm’.', async () => {
    const { location } = await ada.visit(authorizeUrl(sandbox, { scope: 'everything' }, client));

    expect(location.searchParams.get('error')).toBe('invalid_scope');
  });

  test('Example URL: https://rally1.rallydev.com/login/oauth2/auth?state=<StateOID>&response_type=code&redirect_uri=http://localhost&client_id=<CLIENT_ID>&scope=alm', async () => {
    const url = `${sandbox.url}/login/oauth2/auth?state=${STATE}&response_type=code&redirect_uri=http://localhost&client_id=${client.id}&scope=alm`;
    const { location } = await allowAccess(ada, new URL(url));

    expect(location.origin + location.pathname).toBe('http://localhost/');
    expect([...location.searchParams.keys()].sort()).toEqual(['code', 'state']);
  });

  test('Once that URL is accessed, you’ll be redirected to an Authorization Request page', async () => {
    const visitor = new Visitor();
    const login = await visitor.visit(authorizeUrl(sandbox, {}, client));
    const page = await askFor(visitor, authorizeUrl(sandbox, {}, client), 'ada@example.test');

    expect(login.status).toBe(302);
    expect(page.$('h1').text()).toBe('Authorization Request');
  });

  test('After you click "Allow Access" you’ll be sent back to the page that you specified above when you set up your client in Rally.', async () => {
    const page = await ada.visit(authorizeUrl(sandbox, {}, client));
    expect(page.$('button[value=allow]').text()).toBe('Allow Access');
    const { location } = await ada.submit(page, 'form', { decision: 'allow' });

    expect(location.origin).toBe(REDIRECT_URI);
  });

  test('The URL will now include an auth code that you will use in your next request', async () => {
    expect((await exchange(sandbox, await newCode(), client)).status).toBe(200);
  });

  test('Your next request will be a POST request to https://rally1.rallydev.com/login/oauth2/token using a x-www-form-urlencoded content-type', async () => {
    const { id, secret } = client;
    const answer = await supertest(sandbox.url)
      .post('/login/oauth2/token')
      .set('Content-Type', 'application/x-www-form-urlencoded')
      .send(
        `code=${await newCode()}&redirect_uri=http://localhost&grant_type=authorization_code&client_id=${id}&client_secret=${secret}`,
      );

    expect(answer.status).toBe(200);
  });

  test.each([
    ['code', '400 invalid_grant'],
    ['redirect_uri', '400 invalid_grant'],
    ['grant_type', '400 invalid_grant'],
    ['client_id', '401 invalid_client'],
    ['client_secret', '401 invalid_client'],
  ])('You’ll add the following body parameters (%s)', async (name, error) => {
    expect(await answerWith({ [name]: undefined })).toBe(error);
    expect(await answerWith({})).toBe('200');
  });

  test('code the ‘code’ you received in the URL of the previous request.', async () => {
    expect(await answerWith({ code: 'another' })).toBe('400 invalid_grant');
  });

  test('redirect_uri: must match the redirect_uri you specified when creating the client above.', async () => {
    expect(await answerWith({ redirect_uri: 'http://localhost/' })).toBe('400 invalid_grant');
  });

  test('grant_type: set to ‘authorization_code’.', async () => {
    expect(await answerWith({ grant_type: 'code' })).toBe('400 invalid_grant');
  });

  test('client_id: set to your client id, generated when creating the client above.', async () => {
    expect(await answerWith({ client_id: 'By hand' })).toBe('401 invalid_client');
  });

  test('client_secret: set to your client secret, generated when creating the client above.', async () => {
    expect(await answerWith({ client_secret: client.id })).toBe('401 invalid_client');
  });

  test('The access_token will be used in subsequent requests to Rally and passed as a ZSESSIONID header parameter like you would for an API key.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada, client);
    const user = supertest(sandbox.url).get('/slm/webservice/v2.0/user');

    expect((await user.set('ZSESSIONID', token)).status).toBe(200);
  });
});

async function newCode(): Promise<string> {
  return codeIn(await allowAccess(ada, authorizeUrl(sandbox, {}, client)));
}

/** How a good exchange is answered, but for some fields. */
async function answerWith(fields: Fields): Promise<string> {
  const asked = { grant_type: 'authorization_code', code: await newCode(), ...fields };
  const { status, body } = await askToken(sandbox, asked, client);
  return `${status} ${(body as { error?: string }).error ?? ''}`.trimEnd();
}
