// Where people take back what they have allowed applications. GoCD has no other way to revoke.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, csrfIn, open } from '../support/gocd.js';
import { addClient, closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { Visitor } from '../support/visitor.js';

const TOKENS = '/go/oauth/user_tokens';
const ADMIN = '/go/oauth/admin/user_tokens/revoke_by_admin';
const NOT_AUTHORIZED = 'You are not authorized to perform this action!';

let sandbox: Sandbox;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  visitor = new Visitor();
});
afterEach(closeSandboxes);

const statusOf = async (token: string) => (await cctray(sandbox, `Token token="${token}"`)).status;
/** As it stands in the address that revokes it. */
const idOf = (token: string) =>
  sandbox.world.gocd.grants.all.find(({ accessToken }) => accessToken === token)?.id ?? '';

describe(`GET ${TOKENS}`, () => {
  test('lists the clients that may act for a person, and no token', async () => {
    const token = await accessTokenOf(sandbox);
    const page = await open(visitor, sandbox, TOKENS);

    expect(page.$('h1').text()).toBe('OAuth Access Tokens');
    expect(page.$('thead th').first().text()).toBe('Client allowed to access Go on your behalf');
    expect(page.$('tbody th').text()).toBe('OAuth sample app');
    expect(page.text).not.toContain(token);
  });

  test('shows nobody else’s, not even to the administrator', async () => {
    await accessTokenOf(sandbox);
    const page = await open(visitor, sandbox, TOKENS, 'admin');

    expect(page.$('.empty').text()).toBe('There are no tokens.');
  });

  test('sends a stranger to log in, and back', async () => {
    const page = await visitor.visit(sandbox.url + TOKENS);

    expect(page.location.href).toBe(
      `${sandbox.gocdUrl}/auth/login?return_to=${encodeURIComponent(TOKENS)}`,
    );
  });

  test('shows the name of a client as text', async () => {
    const client = addClient(sandbox, 'gocd');
    client.name = '<script>alert(1)</script>';
    await accessTokenOf(sandbox, 'ada', client);
    const page = await open(visitor, sandbox, TOKENS);

    expect(page.$('script')).toHaveLength(0);
    expect(page.$('tbody th').text()).toBe(client.name);
  });
});

describe(`DELETE ${TOKENS}/revoke/:token_id`, () => {
  test('ends one client’s token at once, and leaves the others', async () => {
    const token = await accessTokenOf(sandbox);
    const ofOther = await accessTokenOf(sandbox, 'ada', addClient(sandbox, 'gocd'));
    const list = await open(visitor, sandbox, TOKENS);
    const revoked = await visitor.submit(list, `#revoke-${idOf(token)} form`);
    const page = await visitor.visit(revoked.location);

    expect(revoked.status).toBe(302);
    expect(page.url.pathname).toBe(TOKENS);
    expect(page.$('[role=status]').text()).toBe('OAuth access token was successfully deleted.');
    expect(page.$('tbody tr')).toHaveLength(1);
    expect([await statusOf(token), await statusOf(ofOther)]).toEqual([401, 200]);
  });

  test.each([
    ['POST', { _method: 'delete' }],
    ['DELETE', {}],
  ])(
    'is refused to %s an unknown token or another’s, in the same words',
    async (method, fields) => {
      const token = await accessTokenOf(sandbox);
      const csrf = csrfIn(await open(visitor, sandbox, TOKENS, 'kit'));
      for (const id of [idOf(token), 'unknown']) {
        const url = `${sandbox.url}${TOKENS}/revoke/${id}`;
        const page = await visitor.send(method, url, { ...fields, ...csrf });

        expect(page.status).toBe(400);
        expect(page.text).toBe(NOT_AUTHORIZED);
      }
      expect(await statusOf(token)).toBe(200);
    },
  );

  test.each([
    ['POST', { _method: 'delete' }],
    ['DELETE', {}],
  ])('is refused when another site sends the %s', async (method, fields) => {
    const token = await accessTokenOf(sandbox);
    await open(visitor, sandbox, TOKENS);
    const url = `${sandbox.url}${TOKENS}/revoke/${idOf(token)}`;

    expect((await visitor.send(method, url, fields)).status).toBe(422);
    expect(await statusOf(token)).toBe(200);
  });
});

describe(`DELETE ${ADMIN}`, () => {
  let adas: string;
  let kits: string;
  beforeEach(async () => {
    adas = await accessTokenOf(sandbox, 'ada');
    kits = await accessTokenOf(sandbox, 'kit');
  });

  const revoke = async (query: string, username = 'admin') => {
    const csrf = csrfIn(await open(visitor, sandbox, TOKENS, username));
    return visitor.send('DELETE', sandbox.url + ADMIN + query, csrf);
  };

  test('ends anybody’s token by its id', async () => {
    const page = await revoke(`?token_id=${idOf(adas)}&user_id=kit`);

    expect(page.status).toBe(302);
    expect(page.location.pathname).toBe(TOKENS);
    expect([await statusOf(adas), await statusOf(kits)]).toEqual([401, 200]);
  });

  test('ends all of one person’s tokens', async () => {
    const other = await accessTokenOf(sandbox, 'ada', addClient(sandbox, 'gocd'));
    await revoke('?user_id=ada');

    expect([await statusOf(adas), await statusOf(other)]).toEqual([401, 401]);
    expect(await statusOf(kits)).toBe(200);
  });

  test('finds no fault with a person who has no tokens', async () => {
    expect((await revoke('?user_id=guest')).status).toBe(302);
  });

  test.each(['', '?token_id=', '?token_id=unknown', '?token_id=unknown&user_id=ada', '?user_id='])(
    'is refused for %j, and ends nothing',
    async (query) => {
      const page = await revoke(query);

      expect(page.status).toBe(400);
      expect(page.text).toBe(NOT_AUTHORIZED);
      expect([await statusOf(adas), await statusOf(kits)]).toEqual([200, 200]);
    },
  );

  test('is for the administrator alone', async () => {
    expect((await revoke('?user_id=ada', 'ada')).status).toBe(403);
    expect(await statusOf(adas)).toBe(200);
  });
});
