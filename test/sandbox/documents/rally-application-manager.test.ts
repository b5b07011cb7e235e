// The documentation "Rally Application Manager", sentence by sentence.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  allowAccess,
  authorizeUrl,
  clientsOn,
  createClient,
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
} from '../../support/rally.js';
import {
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  type Tokens,
} from '../../support/sandbox.js';
import { Visitor, type Page } from '../../support/visitor.js';

const MY_APP = { name: 'My app', redirectUri: 'http://localhost:9/my-app' };
const NIA = 'nia@example.test';
const SAMPLE_APP = '[id="/apps"] article:contains("OAuth sample app")';

let sandbox: Sandbox;
let ada: Visitor;
let sol: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = await logIn(sandbox);
  sol = await logIn(sandbox, 'sol@example.test');
});
afterEach(closeSandboxes);

describe('Using Rally Application Manager', () => {
  test('Rally Application Manager provides a set of authentication features for API and app developers and users.', async () => {
    const page = await open(ada);
    const headings = page.$('section h2').toArray();

    expect(headings.map((heading) => page.$(heading).text())).toEqual([
      'Authorized Applications', // for users
      'API Keys', // for who calls the API
      'OAuth Clients', // for who writes applications
    ]);
  });

  test('The Rally Application Manager resides at a different URL than your Rally subscription: https://rally1.rallydev.com/login', async () => {
    const stories = `${sandbox.url}/slm/webservice/v2.0/hierarchicalrequirement`;

    expect((await ada.visit(`${sandbox.url}/login`)).location.pathname).toBe(MANAGER);
    expect((await ada.visit(stories)).status).toBe(401); // being logged in there is nothing here
  });

  test('To access the Rally Application Manager, log in with your Rally username and password at the following URL: https://rally1.rallydev.com/login', async () => {
    const visitor = new Visitor();
    const login = await visitor.visit(`${sandbox.url}/login`);
    const fields = { username: 'ada@example.test', password: 'sandbox' };

    expect((await visitor.submit(login, 'form', fields)).location.pathname).toBe(MANAGER);
  });

  test('There are three tabs at the top of the page: Authorized Applications, API Keys, and OAuth Clients.', async () => {
    const page = await open(ada);
    const tabs = page.$('main nav a').toArray();

    expect(tabs.map((tab) => [page.$(tab).text(), page.$(tab).attr('href')])).toEqual([
      ['Authorized Applications', '#/apps'],
      ['API Keys', '#/keys'],
      ['OAuth Clients', '#/clients'],
    ]);
  });
});

describe('Authorized Applications', () => {
  test('This page lists the status of any standard or custom OAuth applications that you have authorized on your account.', async () => {
    await tokensOf(sandbox, ada);
    const page = await open(ada);

    expect(page.$('[id="/apps"] h3').text()).toBe('FlowdockOAuth sample app');
    expect(page.$('[id="/apps"]').text()).toContain('standard application');
    expect(page.$(SAMPLE_APP).text()).toContain('custom application');
  });

  test('These applications are authorized to access and retrieve data from your Rally account.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);

    expect((await whoAmI(sandbox, token)).status).toBe(200);
  });

  test('Access can be revoked from this page.', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);
    await ada.submit(await open(ada), `${SAMPLE_APP} form`);

    expect((await whoAmI(sandbox, token)).status).toBe(401);
  });

  test('A revoked application can be re-enabled by entering your Rally credentials in the revoked application.', async () => {
    const { access_token: revoked } = await tokensOf(sandbox, ada);
    await ada.submit(await open(ada), `${SAMPLE_APP} form`);
    const visitor = new Visitor(); // in the application, not logged in
    const login = await visitor.browse(authorizeUrl(sandbox));
    expect(login.url.pathname).toBe('/login');
    const fields = { username: 'ada@example.test', password: 'sandbox' };
    const { location } = await visitor.submit(login, 'form', fields);
    const code = codeIn(await allowAccess(visitor, location));
    const { access_token: token } = (await exchange(sandbox, code)).body as Tokens;

    expect((await whoAmI(sandbox, token)).status).toBe(200);
    expect((await whoAmI(sandbox, revoked)).status).toBe(401);
    expect((await open(ada)).$(SAMPLE_APP)).toHaveLength(1);
  });

  test('Currently, Flowdock is the only available standard integration.', async () => {
    const page = await open(ada);
    const standard = page.$('[id="/apps"] article:contains("standard application") h3');

    expect(standard.text()).toBe('Flowdock');
  });
});

describe('API Keys', () => {
  test('The API Keys page allows you to create keys that can be used to access your subscription data without using your username and password.', async () => {
    const { value } = await createKey(sandbox, ada);

    expect((await whoAmI(sandbox, value)).status).toBe(200);
  });

  test('However, any application using the API Key you generated will have access and be tracked as if you logged in with your username and password.', async () => {
    const { value } = await createKey(sandbox, sol);
    const lastLogin = async () => {
      const answer = await whoAmI(sandbox, (await tokensOf(sandbox, sol)).access_token);
      return (answer.body as { User: { LastLoginDate: string } }).User.LastLoginDate;
    };
    const before = await lastLogin();
    sandbox.world.clock.putForward(3_600_000);
    await whoAmI(sandbox, value);

    expect(Date.parse(await lastLogin()) - Date.parse(before)).toBeGreaterThanOrEqual(3_600_000);
  });

  test('API Keys are strings that authenticate a user when accessing the Rally Web Services API.', async () => {
    const [adas, sols] = [await createKey(sandbox, ada), await createKey(sandbox, sol)];

    expect((await whoAmI(sandbox, adas.value)).body).toMatchObject({ User: { ObjectID: 70001 } });
    expect((await whoAmI(sandbox, sols.value)).body).toMatchObject({ User: { ObjectID: 70011 } });
  });

  test('However, unlike a session token, the API Key does not expire.', async () => {
    const { value } = await createKey(sandbox, ada);
    const { access_token: token } = await tokensOf(sandbox, ada);
    sandbox.world.clock.putForward(366 * 86_400_000);

    expect((await whoAmI(sandbox, token)).status).toBe(401);
    expect((await whoAmI(sandbox, value)).status).toBe(200);
  });

  test('API Keys obey the permissions of the user that generated them—like using that user’s credentials.', async () => {
    const nia = '/slm/webservice/v2.0/user/70021';
    const disable = async ({ value }: { value: string }) => {
      const request = supertest(sandbox.url).post(nia).set('zsessionid', value);
      return (await request.send({ User: { Disabled: true } })).body as unknown;
    };
    const [adas, sols] = [await createKey(sandbox, ada), await createKey(sandbox, sol)];
    const niaLogsIn = async () => (await openManager(sandbox, await logIn(sandbox, NIA))).status;

    expect(await disable(adas)).toMatchObject({
      OperationResult: { Errors: ['Not authorized to perform action: update User'] },
    });
    expect(await niaLogsIn()).toBe(200);
    expect(await disable(sols)).toMatchObject({ OperationResult: { Errors: [] } });
    expect(await niaLogsIn()).toBe(302); // to log in
  });

  test.each(['delete', 'reset'])(
    'Keys are valid as long as the user desires, and can be deleted or reset. (%s)',
    async (action) => {
      const { value } = await createKey(sandbox, ada);
      expect((await whoAmI(sandbox, value)).status).toBe(200);
      await ada.submit(await open(ada), `form[action*="/keys/"][action*="/${action}"]`);

      expect((await whoAmI(sandbox, value)).status).toBe(401);
    },
  );

  test.each(['Disable', 'Delete'])(
    'API Keys will not authenticate if the user’s account is disabled or deleted. (%s)',
    async (verb) => {
      const { value } = await createKey(sandbox, ada);
      const console = await ada.visit(`${sandbox.url}/_sandbox`);
      const button = console.$(`button[aria-label="${verb} ada@example.test"]`);
      const status = button.attr('value') ?? '';
      await ada.submit(console, 'form:has([value="ada@example.test"])', { status });

      expect((await whoAmI(sandbox, value)).status).toBe(401);
    },
  );

  test('Subscription administrators may view, delete, and reset all active keys in a subscription from the API Keys page.', async () => {
    const { value } = await createKey(sandbox, ada, 'of Ada');
    const key = 'article:contains("of Ada")';
    expect((await open(sol)).$(`${key} code`).text()).toBe(value);

    await sol.submit(await open(sol), `${key} form[action*="/reset"]`);
    const [reset] = keysOn(await open(ada));
    expect(reset?.value).not.toBe(value);
    expect((await whoAmI(sandbox, reset?.value ?? '')).status).toBe(200);

    await sol.submit(await open(sol), `${key} form[action*="/delete"]`);
    expect((await whoAmI(sandbox, reset?.value ?? '')).status).toBe(401);
    expect(keysOn(await open(ada))).toEqual([]);
  });

  describe('If API Keys are disabled', () => {
    let value: string;
    let before: Page;
    beforeEach(async () => {
      value = (await createKey(sandbox, ada)).value;
      before = await open(ada);
      await sol.submit(await open(sol), 'form[action*="subscription"]', { enabled: 'no' });
    });

    test.each([
      ['set up a new', NEW_KEY],
      ['edit an existing', '[id="/keys"] details form'],
    ])(
      'If API Keys are disabled at the subscription level, a user trying to set up a new API Key or edit an existing API Key will see an error message that states: API Keys are disabled. Please contact your Subscription Administrator to enable this functionality. (%s)',
      async (_action, form) => {
        const page = await ada.submit(before, form, { name: 'another' });

        expect(page.status).toBe(403);
        expect(page.$('[role=alert]').text()).toBe(KEYS_DISABLED);
        expect(keysOn(page)).toMatchObject([{ name: 'a key', value }]);
      },
    );

    test('The only action available on the API Key page is the ability to delete an existing API Key.', async () => {
      const page = await open(ada);

      expect(page.$('[id="/keys"] button').text()).toBe('Delete');
      await ada.submit(page, '[id="/keys"] form');
      expect(keysOn(await open(ada))).toEqual([]);
    });

    test('Existing keys will not work and will return a 401 error message.', async () => {
      expect((await whoAmI(sandbox, value)).status).toBe(401);
    });
  });
});

describe('Add OAuth Clients', () => {
  test('The OAuth Clients page lets you integrate your external web app using Rally’s OAuth server.', async () => {
    const client = await createClient(sandbox, ada, MY_APP);
    const { location } = await allowAccess(ada, authorizeUrl(sandbox, {}, client));

    expect(location.origin + location.pathname).toBe(MY_APP.redirectUri);
  });

  test('OAuth credentials display for each of the applications that you have created.', async () => {
    await createClient(sandbox, ada, MY_APP);
    const shown = clientsOn(await open(ada));

    expect(shown.map(({ name }) => name)).toEqual(['OAuth sample app', 'My app']);
    for (const client of shown) {
      const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox, {}, client)));
      expect((await exchange(sandbox, code, client)).status).toBe(200);
    }
  });

  test('If the application is no longer operational, or the credentials have been compromised, delete the client or reset the client secret. (delete)', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);
    const asked = authorizeUrl(sandbox);
    await ada.submit(await open(ada), '[id="/clients"] form[action*="/delete"]');

    expect((await whoAmI(sandbox, token)).status).toBe(401);
    expect((await ada.visit(asked)).$('h1').text()).toBe('Unknown client_id');
    expect((await open(ada)).$(SAMPLE_APP)).toHaveLength(0);
  });

  test('If the application is no longer operational, or the credentials have been compromised, delete the client or reset the client secret. (reset)', async () => {
    const compromised = { ...clientOf(sandbox, 'rally') };
    const { access_token: token } = await tokensOf(sandbox, ada);
    await ada.submit(await open(ada), '[id="/clients"] form[action*="/reset"]');
    const [client] = clientsOn(await open(ada));
    const code = codeIn(await allowAccess(ada, authorizeUrl(sandbox)));

    expect(client?.id).toBe(compromised.id);
    expect((await exchange(sandbox, code, compromised)).status).toBe(401);
    expect((await exchange(sandbox, code, client)).status).toBe(200);
    expect((await whoAmI(sandbox, token)).status).toBe(200); // what was issued stays good
  });

  test('Select Create New Client.', async () => {
    expect((await open(ada)).$('[id="/clients"] > details summary').text()).toBe(
      'Create New Client',
    );
  });

  test('Enter the Application Name and Callback URL.', async () => {
    const client = await createClient(sandbox, ada, MY_APP);

    expect((await open(ada)).$(`${NEW_CLIENT} label`).text()).toBe('Application NameCallback URL');
    expect(client).toMatchObject(MY_APP);
  });

  test('Follow the standard OAuth2 workflow to obtain an access token.', async () => {
    const client = await createClient(sandbox, ada, MY_APP);

    expect(await tokensOf(sandbox, ada, client)).toMatchObject({ token_type: 'Bearer' });
  });
});

async function open(visitor: Visitor): Promise<Page> {
  return openManager(sandbox, visitor);
}
