// The GoCD half of the sandbox by itself, held against GoCD's documentation of OAuth, the source of
// its OAuth engine and that of its cctray.xml. No client of ours takes part.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  addClient,
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  type SandboxClient,
} from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

const AUTHORIZE = '/go/oauth/authorize';
const TOKEN = '/go/oauth/token';
const CCTRAY = '/go/cctray.xml';
const REDIRECT_URI = 'http://localhost:9/oauth-redirect/gocd';
// The pair in RFC 7636, appendix B.
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

type Fields = Record<string, string | undefined>;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

let sandbox: Sandbox;
let client: SandboxClient;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  client = clientOf(sandbox, 'gocd');
  visitor = new Visitor();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

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
    const [first, second] = [await newCode(), await newCode()];
    visitor = new Visitor();
    const admins = await newCode({}, 'admin');

    expect((await exchange(first)).body).toEqual(INVALID_CODE);
    expect((await exchange(second)).status).toBe(200);
    expect((await exchange(admins)).status).toBe(200);
  });
});

describe('without /go, as GoCD’s documentation writes it,', () => {
  test('/oauth/authorize and /oauth/token work too', async () => {
    const url = authorizationUrl(sandbox, '/oauth/authorize', client);
    const page = await askFor(visitor, url, 'ada');
    const code = codeIn(await allow(page));
    const answer = await postToken(exchangeFields(code), '/oauth/token');

    expect(page.$('form').attr('action')).toBe('/oauth/authorize');
    expect(answer.status).toBe(200);
    expect((await cctray(tokenOf(answer.body as Tokens))).status).toBe(200);
  });
});

const INVALID_CODE = {
  error: 'invalid-grant',
  error_description: 'Authorization expired or invalid!',
};
const INVALID_REFRESH_TOKEN = {
  error: 'invalid-grant',
  error_description: 'Refresh token is invalid!',
};
// In the order in which the engine looks; each row has the faults of all later rows as well.
const TOKEN_REFUSALS: [string, Fields, string, string][] = [
  [
    'OAuth’s own spelling of the grant',
    { grant_type: 'authorization_code', client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type authorization_code is not supported!',
  ],
  [
    'OAuth’s own spelling of the refresh',
    { grant_type: 'refresh_token', client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type refresh_token is not supported!',
  ],
  [
    'no grant_type',
    { grant_type: undefined, client_secret: 'wrong', redirect_uri: 'x' },
    'unsupported-grant-type',
    'Grant type  is not supported!',
  ],
  [
    'a wrong secret',
    { client_secret: 'wrong', redirect_uri: 'x' },
    'invalid-client-credentials',
    'Invalid client credentials!',
  ],
  [
    'an unknown client',
    { client_id: 'unknown', redirect_uri: 'x' },
    'invalid-client-credentials',
    'Invalid client credentials!',
  ],
  [
    'another redirect URI',
    { redirect_uri: `${REDIRECT_URI}/` },
    'invalid-grant',
    'Redirect uri mismatch!',
  ],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid-grant', 'Redirect uri mismatch!'],
];

describe(`POST ${TOKEN} with a code`, () => {
  test('answers with three members, and expires_in is one second less than 90 days', async () => {
    const answer = await exchange(await newCode());

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('private, max-age=0, must-revalidate');
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      expires_in: 7_775_999,
      refresh_token: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test.each(TOKEN_REFUSALS)(
    'refuses %s with 400, and burns the code',
    async (_what, fields, error, error_description) => {
      const code = await newCode();
      const answer = await exchange(code, fields);

      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers).not.toHaveProperty('www-authenticate');
      expect(answer.body).toEqual({ error, error_description });
      expect((await exchange(code)).body).toEqual(INVALID_CODE);
    },
  );

  test('takes no credentials by HTTP Basic', async () => {
    const code = await newCode();
    const { client_id: id, client_secret: secret, ...fields } = exchangeFields(code);
    const answer = await supertest(sandbox.url)
      .post(TOKEN)
      .auth(id ?? '', secret ?? '')
      .type('form')
      .send(fields);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: 'invalid-client-credentials' });
  });

  test('takes a code once, and the token from it stays good', async () => {
    const code = await newCode();
    const token = tokenOf((await exchange(code)).body as Tokens);

    expect((await exchange(code)).body).toEqual(INVALID_CODE);
    expect((await cctray(token)).status).toBe(200);
  });

  test('takes a code for an hour', async () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    const early = await newCode();
    clock.mockReturnValue(now + 3_600_000 - 1);
    expect((await exchange(early)).status).toBe(200);

    clock.mockReturnValue(now);
    const late = await newCode();
    clock.mockReturnValue(now + 3_600_000);
    expect((await exchange(late)).body).toEqual(INVALID_CODE);
  });

  test('refuses an unknown code and none', async () => {
    expect((await exchange('0'.repeat(64))).body).toEqual(INVALID_CODE);
    expect((await exchange(undefined)).body).toEqual(INVALID_CODE);
  });

  test('gives nobody the code of another client, and burns it', async () => {
    const other = addClient(sandbox, 'gocd');
    const code = await newCode();
    const theirs = await exchange(code, { client_id: other.id, client_secret: other.secret });

    expect(theirs.body).toEqual(INVALID_CODE);
    expect((await exchange(code)).body).toEqual(INVALID_CODE);
  });

  test('holds a client to its PKCE challenge, though GoCD knows none', async () => {
    const challenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };

    expect((await exchange(await newCode(challenge))).body).toEqual(INVALID_CODE);
    const wrong = await exchange(await newCode(challenge), { code_verifier: CHALLENGE });
    expect(wrong.body).toEqual(INVALID_CODE);
    const right = await exchange(await newCode(challenge), { code_verifier: VERIFIER });
    expect(right.status).toBe(200);
  });

  test('takes a JSON body as well', async () => {
    const fields = exchangeFields(await newCode());
    const answer = await supertest(sandbox.url).post(TOKEN).send(fields);

    expect(answer.status).toBe(200);
  });

  test('ends the former token of the same person and client, and nobody else’s', async () => {
    const first = tokenOf((await exchange(await newCode())).body as Tokens);
    const other = addClient(sandbox, 'gocd');
    const credentials = { client_id: other.id, client_secret: other.secret };
    const code = await newCode({ client_id: other.id });
    const ofOther = tokenOf((await exchange(code, credentials)).body as Tokens);
    visitor = new Visitor();
    const admins = tokenOf((await exchange(await newCode({}, 'admin'))).body as Tokens);
    expect((await cctray(first)).status).toBe(200);

    visitor = new Visitor(); // the same person in a second browser
    const second = tokenOf((await exchange(await newCode())).body as Tokens);

    expect((await cctray(first)).status).toBe(401);
    expect((await cctray(second)).status).toBe(200);
    expect((await cctray(ofOther)).status).toBe(200);
    expect((await cctray(admins)).status).toBe(200);
  });

  test('does not repeat markup as a page: the answer is JSON', async () => {
    const answer = await postToken({ grant_type: '<script>alert(1)</script>' });

    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe(`POST ${TOKEN} with a refresh token`, () => {
  let tokens: Tokens;
  beforeEach(async () => {
    tokens = (await exchange(await newCode())).body as Tokens;
  });

  test('answers with new tokens, and both old ones are dead at once', async () => {
    const answer = await refresh(tokens.refresh_token);
    const renewed = answer.body as Tokens;

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ expires_in: 7_775_999 });
    expect((await cctray(tokens.access_token)).status).toBe(401);
    expect((await cctray(renewed.access_token)).status).toBe(200);
    expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await refresh(renewed.refresh_token)).status).toBe(200);
  });

  test('works after the access token has expired', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 90 * 24 * 3_600_000);

    expect((await cctray(tokens.access_token)).status).toBe(401);
    const renewed = tokenOf((await refresh(tokens.refresh_token)).body as Tokens);
    expect((await cctray(renewed)).status).toBe(200);
  });

  test.each(TOKEN_REFUSALS)(
    'refuses %s with 400, and the living access token dies of it',
    async (_what, fields, error, error_description) => {
      const grant = 'grant_type' in fields ? {} : { grant_type: 'refresh-token' };
      const answer = await refresh(tokens.refresh_token, { ...grant, ...fields });

      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ error, error_description });
      expect((await cctray(tokens.access_token)).status).toBe(401);
      expect((await refresh(tokens.refresh_token)).body).toEqual(INVALID_REFRESH_TOKEN);
    },
  );

  test('refuses an unknown one, none, and another client’s, which dies of it', async () => {
    const other = addClient(sandbox, 'gocd');
    const theirs = { client_id: other.id, client_secret: other.secret };

    expect((await refresh('unknown')).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await refresh(undefined)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await cctray(tokens.access_token)).status).toBe(200);
    expect((await refresh(tokens.refresh_token, theirs)).body).toEqual(INVALID_REFRESH_TOKEN);
    expect((await cctray(tokens.access_token)).status).toBe(401);
  });
});

describe(`GET ${TOKEN}`, () => {
  test.each([TOKEN, '/oauth/token'])(
    'is not allowed at %s: a redirected POST ends here',
    async (path) => {
      const answer = await supertest(sandbox.url).get(path);

      expect(answer.status).toBe(405);
      expect(answer.headers['allow']).toBe('POST');
    },
  );
});

describe(`GET ${CCTRAY}`, () => {
  test('has one entry for each stage and each job, byte for byte', async () => {
    const started = Date.UTC(2026, 1, 28, 23, 59, 30);
    jest.spyOn(Date, 'now').mockReturnValue(started);
    sandbox = await startSandboxAlone({ pipelines: 4 });
    client = clientOf(sandbox, 'gocd');
    const answer = await cctray(await signIn());
    const lines = answer.text.split('\n');
    const go = sandbox.gocdUrl;

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/xml;charset=utf-8');
    expect(lines).toHaveLength(2 + 4 * 8 + 1);
    expect(lines.slice(0, 2).concat(lines.slice(-1))).toEqual([
      '<?xml version="1.0" encoding="utf-8"?>',
      '<Projects>',
      '</Projects>', // and no newline after it
    ]);
    // The first pipeline is well.
    expect(lines.slice(2, 10).join('\n')).toBe(
      `  <Project name="barn-door :: build" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:47:00Z" webUrl="${go}/pipelines/barn-door/12/build/1" />
  <Project name="barn-door :: build :: compile" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:45:00Z" webUrl="${go}/tab/build/detail/barn-door/12/build/1/compile" />
  <Project name="barn-door :: build :: package" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:47:00Z" webUrl="${go}/tab/build/detail/barn-door/12/build/1/package" />
  <Project name="barn-door :: test" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:51:00Z" webUrl="${go}/pipelines/barn-door/12/test/1" />
  <Project name="barn-door :: test :: unit" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:49:00Z" webUrl="${go}/tab/build/detail/barn-door/12/test/1/unit" />
  <Project name="barn-door :: test :: browser" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:51:00Z" webUrl="${go}/tab/build/detail/barn-door/12/test/1/browser" />
  <Project name="barn-door :: deploy" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:55:00Z" webUrl="${go}/pipelines/barn-door/12/deploy/1" />
  <Project name="barn-door :: deploy :: roll-out" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:55:00Z" webUrl="${go}/tab/build/detail/barn-door/12/deploy/1/roll-out" />`,
    );
    // The second is building its last stage: result, label and time are those of the run before.
    expect(lines[16]).toBe(
      `  <Project name="feed-plan :: deploy" activity="Building" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:02:59Z" webUrl="${go}/pipelines/feed-plan/13/deploy/1" />`,
    );
    // The third has failed, at one of the two jobs of a stage; the stage behind it did not run.
    expect(lines.slice(21, 25).join('\n')).toBe(
      `  <Project name="milk-chart :: test" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="14" lastBuildTime="2026-02-28T23:36:59Z" webUrl="${go}/pipelines/milk-chart/14/test/1"><messages><message text="ada, sol" kind="Breakers" /></messages></Project>
  <Project name="milk-chart :: test :: unit" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="14" lastBuildTime="2026-02-28T23:34:59Z" webUrl="${go}/tab/build/detail/milk-chart/14/test/1/unit"><messages><message text="ada, sol" kind="Breakers" /></messages></Project>
  <Project name="milk-chart :: test :: browser" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="14" lastBuildTime="2026-02-28T23:36:59Z" webUrl="${go}/tab/build/detail/milk-chart/14/test/1/browser" />
  <Project name="milk-chart :: deploy" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="13" lastBuildTime="2026-02-28T22:10:59Z" webUrl="${go}/pipelines/milk-chart/13/deploy/1" />`,
    );
    // The fourth ran its second stage twice: the label says so.
    expect(lines[29]).toBe(
      `  <Project name="fence-alarm :: test" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="15 :: 2" lastBuildTime="2026-02-28T23:53:58Z" webUrl="${go}/pipelines/fence-alarm/15/test/2" />`,
    );
  });

  test('is an empty list for somebody who may view no pipeline', async () => {
    const answer = await cctray(await signIn('guest'));

    expect(answer.status).toBe(200);
    expect(answer.text).toBe('<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n</Projects>');
  });

  test('has an ETag that does not depend on who asks, though the body does', async () => {
    const [adas, guests] = [await cctray(await signIn()), await cctray(await signIn('guest'))];

    expect(adas.headers['etag']).toMatch(/^"[0-9a-f]{64}"$/);
    expect(guests.headers['etag']).toBe(adas.headers['etag']);
    expect(guests.text).not.toBe(adas.text);
  });

  test('is sent in full though the client has it already', async () => {
    const token = await signIn();
    const first = await cctray(token);
    const again = await cctray(token, { 'If-None-Match': String(first.headers['etag']) });

    expect(again.status).toBe(200);
    expect(again.text).toBe(first.text);
  });

  test.each([
    ['nothing', undefined],
    ['a token without quotes', 'Token token=TOKEN'],
    ['a small letter', 'token token="TOKEN"'],
    ['something after the token', 'Token token="TOKEN", x="1'],
    ['another OAuth scheme without a token', 'Bearer'],
    ['another scheme', 'Basic YWRhOnNhbmRib3g='],
  ])('takes %s for nobody', async (_what, header) => {
    const token = await signIn();
    const request = supertest(sandbox.url).get(CCTRAY).buffer(true);
    if (header !== undefined) request.set('Authorization', header.replace('TOKEN', token));
    const answer = await request;

    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="GoCD"');
    expect(answer.headers['content-type']).toMatch(/^application\/xml/);
    expect(answer.text).toBe(denied('You are not authenticated!'));
  });

  test.each([
    ['an unknown token', '0'.repeat(64), 'Invalid OAuth token provided!'],
    ['markup', '<b>&amp;', 'Invalid OAuth token provided!'],
    ['an empty token', '', 'OAuth token cannot be blank!'],
  ])('answers %s with 401, and asks for no password', async (_what, token, message) => {
    const answer = await cctray(token);

    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text).toBe(denied(message));
  });

  test('refuses a token when it has expired', async () => {
    sandbox = await startSandboxAlone({ tokenTtlSeconds: 90 });
    client = clientOf(sandbox, 'gocd');
    const answer = await exchange(await newCode());
    const token = tokenOf(answer.body as Tokens);

    expect(answer.body).toMatchObject({ expires_in: 89 });
    expect((await cctray(token)).status).toBe(200);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 90_000);
    expect((await cctray(token)).status).toBe(401);
  });
});

function denied(message: string): string {
  return `<access-denied>\n  <message>${message}</message>\n</access-denied>\n`;
}

function asked(parameters: Fields = {}): URL {
  return authorizationUrl(sandbox, AUTHORIZE, client, parameters);
}

async function consent(parameters: Fields = {}, username = 'ada'): Promise<Page> {
  return askFor(visitor, asked(parameters), username);
}

async function allow(page: Page): Promise<Page> {
  return visitor.submit(page, 'form', { authorize: 'Yes' });
}

async function newCode(parameters: Fields = {}, username?: string): Promise<string> {
  return codeIn(await allow(await consent(parameters, username)));
}

function exchangeFields(code: string | undefined): Fields {
  return {
    grant_type: 'authorization-code',
    code,
    redirect_uri: client.redirectUri,
    client_id: client.id,
    client_secret: client.secret,
  };
}

async function exchange(code: string | undefined, fields: Fields = {}) {
  return postToken({ ...exchangeFields(code), ...fields });
}

async function refresh(token: string | undefined, fields: Fields = {}) {
  const grant = { grant_type: 'refresh-token', code: undefined, refresh_token: token };
  return postToken({ ...exchangeFields(undefined), ...grant, ...fields });
}

async function postToken(fields: Fields, path = TOKEN) {
  const sent = Object.entries(fields).filter(([, value]) => value !== undefined);
  return supertest(sandbox.url).post(path).type('form').send(Object.fromEntries(sent));
}

function tokenOf({ access_token: token }: Tokens): string {
  return token;
}

async function signIn(username?: string): Promise<string> {
  visitor = new Visitor();
  return tokenOf((await exchange(await newCode({}, username))).body as Tokens);
}

async function cctray(token: string, headers: Record<string, string> = {}) {
  const request = supertest(sandbox.url).get(CCTRAY).buffer(true).set(headers);
  return request.set('Authorization', `Token token="${token}"`);
}
