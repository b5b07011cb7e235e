// Broadcom's article 140086, "Rally - Creating an Oauth token manually", sentence by sentence.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  allowAccess,
  authorizeUrl,
  exchange,
  logIn,
  NEW_CLIENT,
  openManager,
  tokensOf,
} from '../../support/rally.js';
import { clientOf, closeSandboxes, codeIn, startSandboxAlone } from '../../support/sandbox.js';
import { Visitor } from '../../support/visitor.js';

let sandbox: Sandbox;
let ada: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
});
afterEach(closeSandboxes);

test('First you’ll need to create an oauth client. The key pieces of information moving forward will be the callback URL, client ID and client secret', async () => {
  await ada.submit(await openManager(sandbox, ada), NEW_CLIENT, {
    name: 'By hand',
    redirectUri: 'http://localhost',
  });
  const page = await openManager(sandbox, ada);

  expect(page.$('article:contains("By hand") dt').text()).toBe(
    'Client IDClient SecretCallback URL',
  );
});

test('Once that URL is accessed, you’ll be redirected to an Authorization Request page', async () => {
  const visitor = new Visitor();
  const login = await visitor.browse(authorizeUrl(sandbox));
  const fields = { username: 'ada@example.test', password: 'sandbox' };
  const signedIn = await visitor.submit(login, 'form', fields);

  expect((await visitor.visit(signedIn.location)).$('h1').text()).toBe('Authorization Request');
});

test('After you click "Allow Access" you’ll be sent back to the page that you specified above when you set up your client in Rally.', async () => {
  const page = await ada.visit(authorizeUrl(sandbox));
  expect(page.$('button[value=allow]').text()).toBe('Allow Access');
  const { location } = await ada.submit(page, 'form', { decision: 'allow' });

  expect(location.origin + location.pathname).toBe(clientOf(sandbox, 'rally').redirectUri);
});

test('The URL will now include an auth code that you will use in your next request', async () => {
  const back = await allowAccess(ada, authorizeUrl(sandbox));

  expect((await exchange(sandbox, codeIn(back))).status).toBe(200);
});

test('Your next request will be a POST request to https://rally1.rallydev.com/login/oauth2/token using a x-www-form-urlencoded content-type', async () => {
  const { id, secret, redirectUri } = clientOf(sandbox, 'rally');
  const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox)));
  const answer = await supertest(sandbox.url)
    .post('/login/oauth2/token')
    .set('Content-Type', 'application/x-www-form-urlencoded')
    .send(
      `code=${code}&redirect_uri=${encodeURIComponent(redirectUri)}&grant_type=authorization_code&client_id=${id}&client_secret=${secret}`,
    );

  expect(answer.status).toBe(200);
});

test('The access_token will be used in subsequent requests to Rally and passed as a ZSESSIONID header parameter like you would for an API key.', async () => {
  const { access_token: token } = await tokensOf(sandbox, ada);
  const user = supertest(sandbox.url).get('/slm/webservice/v2.0/user');

  expect((await user.set('ZSESSIONID', token)).status).toBe(200);
});
