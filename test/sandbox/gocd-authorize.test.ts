// GoCD's authorization endpoint in the sandbox by itself, held against the source of GoCD's OAuth
// engine. No client of ours takes part.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { askToken, AUTHORIZE, cctray, codeOf, exchange, oauth } from '../support/gocd.js';
import {
  addClient,
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  type Fields,
  type SandboxClient,
  type Tokens,
} from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

const REDIRECT_URI = 'http://localhost:9/oauth-redirect/gocd';

let sandbox: Sandbox;
let client: SandboxClient;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  client = clientOf(sandbox, 'gocd');
  visitor = new Visitor();
});
afterEach(closeSandboxes);

// In the order in which the engine looks; each row has the faults of later rows as well, where it can.
const REFUSALS: [string, Fields, string][] = [
  [
    'no client_id',
    { client_id: '', response_type: 'token', redirect_uri: 'http://localhost:9/x' },
    'http://localhost:9/x?error=invalid-request',
  ],
  [
    'no response_type',
    { client_id: 'unknown', response_type: '', redirect_uri: 'http://localhost:9/x' },
    'http://localhost:9/x?error=invalid-request',
  ],
  [
    'neither client_id nor redirect_uri',
    { client_id: '', redirect_uri: '' },
    'SANDBOX?error=invalid-request',
  ],
  [
    'another response_type',
    { client_id: 'unknown', response_type: 'token', redirect_uri: 'http://localhost:9/x' },
    'http://localhost:9/x?error=unsupported-response-type',
  ],
  [
    'another response_type and no redirect_uri',
    { response_type: 'token', redirect_uri: '' },
    'SANDBOX?error=unsupported-response-type',
  ],
  [
    'an unknown client',
    { client_id: 'unknown', redirect_uri: 'http://localhost:9/x' },
    'http://localhost:9/x?error=invalid-client-id',
  ],
  [
    'a redirect URI below the registered one',
    { redirect_uri: `${REDIRECT_URI}/` },
    `${REDIRECT_URI}/?error=redirect-uri-mismatch`,
  ],
  [
    'the registered one with a query',
    { redirect_uri: `${REDIRECT_URI}?x=1` },
    `${REDIRECT_URI}?x=1?error=redirect-uri-mismatch`,
  ],
];

describe(`GET ${AUTHORIZE}`, () => {
  test('asks whether to allow the service, with the request in hidden fields', async () => {
    const page = await consent({ state: 'a b' });
    const form = page.$('form#oauth_authorize_form');

    expect(page.status).toBe(200);
    expect(page.text.replaceAll(/<\/?strong>|&#39;/g, '')).toContain(
      `Do you wish to allow the service named '${client.name}' to access this application`,
    );
    expect(form.attr('method')).toBe('post');
    expect(form.attr('action')).toBe(AUTHORIZE);
    expect(form.find('input[name=client_id]').attr('value')).toBe(client.id);
    expect(form.find('input[name=redirect_uri]').attr('value')).toBe(REDIRECT_URI);
    expect(form.find('input[name=response_type]').attr('value')).toBe('code');
    expect(form.find('input[name=state]').attr('value')).toBe('a b');
  });

  test('leaves the box unchecked: access must be given, not taken away', async () => {
    const box = (await consent()).$('#oauth_authorize_allow');

    expect(box.attr('value')).toBe('Yes');
    expect(box.attr('checked')).toBeUndefined();
  });

  test.each(REFUSALS)('sends %s back with a hyphenated error', async (_what, fields, expected) => {
    await consent();
    const page = await visitor.visit(asked({ state: 'a-state', ...fields }));

    expect(page.status).toBe(302);
    expect(page.headers['location']).toBe(expected.replace('SANDBOX', sandbox.url));
  });

  test.each([
    ['a known client', {}],
    ['an unknown client, who is looked up later', { client_id: 'unknown' }],
  ])('answers 400 in plain words to %s without a redirect URI', async (_what, fields) => {
    await consent();
    const page = await visitor.visit(asked({ ...fields, redirect_uri: undefined }));

    expect(page.status).toBe(400);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.text).toBe("You did not specify the 'redirect_uri' parameter!");
  });

  test('sends a stranger to log in before it looks at anything', async () => {
    const page = await visitor.visit(asked({ client_id: 'unknown' }));

    expect(page.location.origin + page.location.pathname).toBe(`${sandbox.url}/go/auth/login`);
  });
});

describe(`POST ${AUTHORIZE}`, () => {
  test('sends the browser back with a code, its life, and the state as a form encodes it', async () => {
    const page = await allow(await consent({ state: 'a b&c/é' }));

    expect(page.status).toBe(302);
    expect(page.headers['location']).toMatch(
      /^http:\/\/localhost:9\/oauth-redirect\/gocd\?code=[0-9a-f]{64}&expires_in=3599&state=a\+b%26c%2F%C3%A9$/,
    );
  });

  test('sends no state back where none was sent', async () => {
    const page = await allow(await consent());

    expect(page.headers['location']).toMatch(/\?code=[0-9a-f]{64}&expires_in=3599$/);
  });

  test('appends a second question mark to a redirect URI that has one', async () => {
    const other = addClient(sandbox, 'gocd', 'http://localhost:9/cb?x=1');
    const fields = { client_id: other.id, redirect_uri: other.redirectUri };
    const page = await allow(await consent(fields));

    expect(page.headers['location']).toMatch(/^http:\/\/localhost:9\/cb\?x=1\?code=[0-9a-f]{64}&/);
  });

  test.each([undefined, 'No', 'yes', 'YES', '1', ''])(
    'takes authorize=%s for a denial, and does not return the state',
    async (authorize) => {
      const fields = authorize === undefined ? {} : { authorize };
      const page = await visitor.submit(await consent({ state: 'a-state' }), 'form', fields);

      expect(page.status).toBe(302);
      expect(page.headers['location']).toBe(`${REDIRECT_URI}?error=access-denied`);
      expect(sandbox.world.gocd.grants.codes.size).toBe(0);
    },
  );

  test.each(REFUSALS)('sends %s back, though it was allowed', async (_what, fields, expected) => {
    const page = await visitor.submit(await consent({ state: 'a-state' }), 'form', {
      ...(fields as Record<string, string>),
      authorize: 'Yes',
    });

    expect(page.status).toBe(302);
    expect(page.headers['location']).toBe(expected.replace('SANDBOX', sandbox.url));
    expect(sandbox.world.gocd.grants.codes.size).toBe(0);
  });

  test('answers 400 in plain words without a redirect URI', async () => {
    const fields = { authorize: 'Yes', redirect_uri: '' };
    const page = await visitor.submit(await consent(), 'form', fields);

    expect(page.status).toBe(400);
    expect(page.text).toBe("You did not specify the 'redirect_uri' parameter!");
  });

  test('sends a stranger to log in before it looks at anything, the CSRF token included', async () => {
    const page = await visitor.post(sandbox.url + AUTHORIZE, { authorize: 'Yes' });

    expect(page.status).toBe(302);
    expect(page.location.pathname).toBe('/go/auth/login');
  });

  test('keeps one code for each person and client: a new one ends the former', async () => {
    const [first, second] = [await codeOf(sandbox), await codeOf(sandbox)];
    const admins = await codeOf(sandbox, 'admin');

    expect((await exchange(sandbox, client, first)).body).toMatchObject({ error: 'invalid-grant' });
    expect((await exchange(sandbox, client, second)).status).toBe(200);
    expect((await exchange(sandbox, client, admins)).status).toBe(200);
  });
});

describe('without /go, as GoCD’s documentation writes it,', () => {
  test('/oauth/authorize and /oauth/token work too', async () => {
    const url = authorizationUrl(sandbox, '/oauth/authorize', client);
    const page = await askFor(visitor, url, 'ada');
    const code = codeIn(await allow(page));
    const form = { grant_type: 'authorization-code', code };
    const answer = await askToken(sandbox, form, client, '/oauth/token');

    expect(page.$('form').attr('action')).toBe('/oauth/authorize');
    expect(answer.status).toBe(200);
    const { access_token: token } = answer.body as Tokens;
    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
  });
});

function asked(parameters: Fields = {}): URL {
  return authorizationUrl(sandbox, AUTHORIZE, client, parameters);
}

async function consent(parameters: Fields = {}): Promise<Page> {
  return askFor(visitor, asked(parameters), 'ada');
}

async function allow(page: Page): Promise<Page> {
  return visitor.submit(page, 'form', { authorize: 'Yes' });
}
