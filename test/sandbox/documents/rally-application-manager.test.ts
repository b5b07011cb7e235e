// The documentation "Rally Application Manager", sentence by sentence.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../../src/sandbox/sandbox.js';
import {
  authorizeUrl,
  createKey,
  keysOn,
  logIn,
  MANAGER,
  NEW_CLIENT,
  NEW_KEY,
  openManager,
  tokensOf,
  whoAmI,
} from '../../support/rally.js';
import { clientOf, closeSandboxes, startSandboxAlone } from '../../support/sandbox.js';
import { Visitor, type Page } from '../../support/visitor.js';

const DISABLED =
  'API Keys are disabled. Please contact your Subscription Administrator to enable this functionality.';
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

test('To access the Rally Application Manager, log in with your Rally username and password at the following URL: https://rally1.rallydev.com/login', async () => {
  const visitor = new Visitor();
  const login = await visitor.visit(`${sandbox.url}/login`);
  const fields = { username: 'ada@example.test', password: 'sandbox' };

  expect((await visitor.submit(login, 'form', fields)).location.pathname).toBe(MANAGER);
});

test('There are three tabs at the top of the page: Authorized Applications, API Keys, and OAuth Clients.', async () => {
  const page = await open(ada);
  const tabs = page.$('nav a').toArray();

  expect(tabs.map((tab) => page.$(tab).text())).toEqual([
    'Authorized Applications',
    'API Keys',
    'OAuth Clients',
  ]);
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
    await tokensOf(sandbox, ada);
    await ada.submit(await open(ada), `${SAMPLE_APP} form`);
    const { access_token: token } = await tokensOf(sandbox, ada);

    expect((await whoAmI(sandbox, token)).status).toBe(200);
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
    const admin = await createKey(sandbox, sol);
    const person = await createKey(sandbox, ada);

    expect((await whoAmI(sandbox, admin.value)).body).toMatchObject({
      User: { SubscriptionAdmin: true },
    });
    expect((await whoAmI(sandbox, person.value)).body).toMatchObject({
      User: { SubscriptionAdmin: false },
    });
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

  describe('If API Keys are disabled at the subscription level', () => {
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
      'a user trying to %s API Key will see an error message that states: API Keys are disabled. Please contact your Subscription Administrator to enable this functionality.',
      async (_action, form) => {
        const page = await ada.submit(before, form, { name: 'another' });

        expect(page.$('[role=alert]').text()).toBe(DISABLED);
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
    await create('My app');

    expect((await open(ada)).$('[id="/clients"] h3').text()).toContain('My app');
  });

  test('OAuth credentials display for each of the applications that you have created.', async () => {
    await create('My app');
    const { clients } = sandbox.world.rally;
    const text = (await open(ada)).$('[id="/clients"]').text();
    const mine = clients.filter(({ owner }) => owner?.userName === 'ada@example.test');

    expect(mine).toHaveLength(2);
    for (const { id, secret } of mine) {
      expect(text).toContain(id);
      expect(text).toContain(secret);
    }
  });

  test('If the application is no longer operational, or the credentials have been compromised, delete the client', async () => {
    const { access_token: token } = await tokensOf(sandbox, ada);
    const asked = authorizeUrl(sandbox);
    await ada.submit(await open(ada), '[id="/clients"] form[action*="/delete"]');

    expect((await whoAmI(sandbox, token)).status).toBe(401);
    expect((await ada.visit(asked)).$('h1').text()).toBe('Unknown client_id');
  });

  test('or reset the client secret.', async () => {
    const { secret } = clientOf(sandbox, 'rally');
    await ada.submit(await open(ada), '[id="/clients"] form[action*="/reset"]');

    expect(clientOf(sandbox, 'rally').secret).not.toBe(secret);
    expect((await open(ada)).text).not.toContain(secret);
  });

  test('Select Create New Client. Enter the Application Name and Callback URL.', async () => {
    const form = (await open(ada)).$('[id="/clients"] > details');

    expect(form.find('summary').text()).toBe('Create New Client');
    expect(form.find('label').text()).toBe('Application NameCallback URL');
  });

  test('Follow the standard OAuth2 workflow to obtain an access token.', async () => {
    await create('My app');
    const client = sandbox.world.rally.clients.at(-1);

    expect(await tokensOf(sandbox, ada, client)).toMatchObject({ token_type: 'Bearer' });
  });
});

async function open(visitor: Visitor): Promise<Page> {
  return openManager(sandbox, visitor);
}

async function create(name: string): Promise<void> {
  const redirectUri = 'http://localhost:9/my-app';
  await ada.submit(await open(ada), NEW_CLIENT, { name, redirectUri });
}
