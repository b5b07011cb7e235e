// Personal access tokens, and cctray.xml with them: the way in that today's GoCD has.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, csrfIn, entriesIn, open } from '../support/gocd.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

const TOKENS = '/go/access_tokens';
const HOUR = 3_600_000;

let sandbox: Sandbox;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  visitor = new Visitor();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

/** Makes a token as a person does. */
async function generate(username = 'ada', description = 'weekly report') {
  visitor = new Visitor();
  const form = await open(visitor, sandbox, TOKENS, username);
  const made = await visitor.submit(form, '#new-access-token', { description });
  const page = await visitor.visit(made.location);
  return { page, value: page.$('#new-token').text() };
}

async function revoke(page: Page): Promise<Page> {
  const revoked = await visitor.submit(page, '[popover] form');
  return visitor.visit(revoked.location);
}

/** The cells of the one row, as a person reads them. */
const rowOf = ({ $ }: Page) =>
  $('tbody tr')
    .children()
    .toArray()
    .map((cell) => $(cell).children('time').text() || $(cell).text().trim());

function denied(message: string): string {
  return `<access-denied>\n  <message>${message}</message>\n</access-denied>\n`;
}

describe(TOKENS, () => {
  test('shows a new token once, and never again', async () => {
    const { page, value } = await generate();
    const later = await open(visitor, sandbox, TOKENS);

    expect(value).toMatch(/^[0-9a-f]{40}$/);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(later.text).not.toContain(value);
    expect(later.$('tbody tr')).toHaveLength(1);
  });

  test('says when a token was made, used and revoked', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 1, 28, 10));
    const { page, value } = await generate();
    expect(rowOf(page).slice(0, 3)).toEqual(['weekly report', '2026-02-28 10:00:00 UTC', 'never']);

    sandbox.world.clock.putForward(HOUR);
    await cctray(sandbox, `Bearer ${value}`);
    sandbox.world.clock.putForward(HOUR);
    expect(rowOf(await revoke(page))).toEqual([
      'weekly report',
      '2026-02-28 10:00:00 UTC',
      '2026-02-28 11:00:00 UTC',
      '2026-02-28 12:00:00 UTC',
    ]);
  });

  test.each(['', '   '])('asks for a description, which %j is not', async (description) => {
    const form = await open(visitor, sandbox, TOKENS);
    const page = await visitor.submit(form, '#new-access-token', { description });

    expect(page.status).toBe(422);
    expect(page.$('[role=alert]').text()).toBe('Description must be present');
    expect(sandbox.world.gocd.accessTokens.all).toEqual([]);
  });

  test('shows a description as text', async () => {
    const hostile = '"><script>alert(1)</script>';
    const { page } = await generate('ada', hostile);

    expect(page.$('script')).toHaveLength(0);
    expect(page.$('tbody th').text()).toBe(hostile);
  });

  test('is each person’s own: nobody sees or revokes another’s', async () => {
    const { value } = await generate('ada');
    const [token] = sandbox.world.gocd.accessTokens.all;
    visitor = new Visitor();
    const page = await open(visitor, sandbox, TOKENS, 'admin');
    const url = `${sandbox.url}${TOKENS}/${String(token?.id)}/revoke`;

    expect(page.$('.empty')).toHaveLength(1);
    expect((await visitor.send('POST', url, csrfIn(page))).status).toBe(404);
    expect((await cctray(sandbox, `Bearer ${value}`)).status).toBe(200);
  });

  test('refuses forms that another site sends', async () => {
    const { value } = await generate();
    const [token] = sandbox.world.gocd.accessTokens.all;
    const paths = [TOKENS, `${TOKENS}/${String(token?.id)}/revoke`];
    for (const path of paths) {
      const page = await visitor.send('POST', sandbox.url + path, { description: 'x' });
      expect(page.status).toBe(422);
    }
    expect(sandbox.world.gocd.accessTokens.all).toHaveLength(1);
    expect((await cctray(sandbox, `Bearer ${value}`)).status).toBe(200);
  });

  test('sends a stranger to log in', async () => {
    const page = await visitor.visit(sandbox.url + TOKENS);

    expect(page.location.pathname).toBe('/go/auth/login');
  });
});

describe('GET /go/cctray.xml with a personal access token', () => {
  test.each(['Bearer', 'bearer', 'BEARER'])('takes it after %s', async (scheme) => {
    const { value } = await generate();
    const answer = await cctray(sandbox, `${scheme} ${value}`);

    expect(answer.status).toBe(200);
    expect(entriesIn(answer.text).size).toBe(4 * 8);
  });

  test('shows what its owner may view', async () => {
    const [kits, guests] = [await generate('kit'), await generate('guest')];
    const entries = entriesIn((await cctray(sandbox, `Bearer ${kits.value}`)).text);

    expect(entries.size).toBe(8);
    expect([...entries.keys()].every((name) => name.startsWith('barn-'))).toBe(true);
    expect((await cctray(sandbox, `Bearer ${guests.value}`)).text).toBe(
      '<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n</Projects>',
    );
  });

  test('says since when a revoked one is dead', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 1, 28, 10));
    const { page, value } = await generate();
    await revoke(page);
    sandbox.world.clock.putForward(HOUR);
    const answer = await cctray(sandbox, `Bearer ${value}`);

    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text).toBe(
      denied('Invalid Personal Access Token. Access token was revoked at: 2026-02-28 10:00:00.000'),
    );
  });

  test.each([
    ['an unknown one', '0'.repeat(40)],
    ['one that is too short', 'TOKEN'.slice(0, 3)],
    ['one with something behind it', 'TOKEN0'],
    ['one in quotes', '"TOKEN"'],
    ['an OAuth token', 'OAUTH'],
  ])('refuses %s, and asks for no password', async (_what, sent) => {
    const { value } = await generate();
    const token = sent.replace('TOKEN', value).replace('OAUTH', await accessTokenOf(sandbox));
    const answer = await cctray(sandbox, `Bearer ${token}`);

    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text).toBe(denied('Invalid Personal Access Token.'));
  });

  test('refuses that of a person who is disabled', async () => {
    const { value } = await generate();
    const ada = sandbox.world.gocd.people.find(({ userName }) => userName === 'ada');
    if (ada) ada.status = 'disabled';

    expect((await cctray(sandbox, `Bearer ${value}`)).status).toBe(401);
  });

  test('does not take it in the form of an OAuth token', async () => {
    const { value } = await generate();
    const answer = await cctray(sandbox, `Token token="${value}"`);

    expect(answer.text).toBe(denied('Invalid OAuth token provided!'));
  });

  test.each([
    [undefined, 'You are not authenticated!'],
    ['Bearer x', 'Invalid Personal Access Token.'],
    ['Token token="x"', 'Invalid OAuth token provided!'],
    ['Token token=""', 'OAuth token cannot be blank!'],
  ])('refuses %s in JSON when that is asked for, else in XML', async (header, message) => {
    const json = await cctray(sandbox, header, { Accept: 'application/json' });

    expect(json.status).toBe(401);
    expect(json.headers['content-type']).toMatch(/^application\/json/);
    expect(json.body).toEqual({ message });
    for (const Accept of ['*/*', 'application/xml', 'text/html', 'text/xml']) {
      const xml = await cctray(sandbox, header, { Accept });
      expect(xml.status).toBe(401);
      expect(xml.headers['content-type']).toMatch(/^application\/xml/);
      expect(xml.text).toBe(denied(message));
    }
  });
});
