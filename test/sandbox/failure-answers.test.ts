// The table in src/sandbox/README.md says what the sandbox does for each failure. Here it is asked
// without the app, by requests that are good but for the failure, and its words are held against what
// comes over the wire.
import { once } from 'node:events';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { load } from 'cheerio';
import { SaxesParser } from 'saxes';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { failureTable, type FailureCase, type Provider } from '../support/failure-table.js';
import { accessTokenOf, codeOf, entriesIn, tokensOf as gocdTokensOf } from '../support/gocd.js';
import { allowAccess, authorizeUrl, logIn, tokensOf } from '../support/rally.js';
import {
  answerTo,
  headOf,
  nextAt,
  readUntil,
  send,
  type RawAnswer,
  type RawRequest,
} from '../support/raw-request.js';
import {
  askFor,
  authorizationUrl,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
} from '../support/sandbox.js';
import { Visitor } from '../support/visitor.js';
import { WSAPI } from '../support/wsapi.js';

const STATE = 'a-state';
const MORE_THAN_ENOUGH = 20 * 1024 * 1024;

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
});
afterEach(closeSandboxes);

type Check = (answer: RawAnswer, asked: FailureCase) => void | Promise<void>;

/** What must be true of an answer, by the table's words for it. */
const ANSWERS: Readonly<Record<string, Check>> = {
  'the person denied, without being asked': goesBackWith('access_denied'),
  'the same, without state: it could be anybody’s': goesBackWith('access_denied'),
  '`temporarily_unavailable`': goesBackWith('temporarily_unavailable'),
  '`server_error`': goesBackWith('server_error'),
  'the same, without state': ({ headers }, { failure }) => {
    const error = failure.replace('authorize-', '');
    expect(headers['location']).toBe(`${clientOf(sandbox, 'gocd').redirectUri}?error=${error}`);
  },

  'the code is refused': refuses(
    { status: 400, error: 'invalid_grant' },
    { status: 400, error: 'invalid-grant' },
  ),
  'the client’s id or secret is refused': refuses(
    { status: 401, error: 'invalid_client' },
    { status: 400, error: 'invalid-client-credentials' },
  ),
  '500 with JSON that has a member `error` and is no OAuth error': (answer) => {
    is(answer, 500, 'json');
    expect(JSON.parse(answer.text)).toEqual({ status: 500, error: 'Internal Server Error' });
  },
  'a list where the token should be': (answer) => {
    is(answer, 200, 'json');
    const { access_token: token } = JSON.parse(answer.text) as { access_token: unknown };
    expect(Array.isArray(token)).toBe(true);
  },
  '302 to https with secret and code in the query (masked here): GoCD over plain http': ({
    status,
    headers,
  }) => {
    expect(status).toBe(302);
    const { protocol, pathname, searchParams } = new URL(String(headers['location']));
    expect([protocol, pathname]).toEqual(['https:', '/go/oauth/token']);
    expect(searchParams.get('client_secret')).toBe('…'); // masked: it would only come into logs
  },

  '401, JSON without an envelope': (answer) => {
    is(answer, 401, 'json');
    const url = `${WSAPI}/hierarchicalrequirement`;
    expect(JSON.parse(answer.text)).toEqual({ message: null, status: '401', url });
  },
  '401, Jetty’s web page': isPage(401, 'Full authentication is required', 'Powered by Jetty'),
  '404, a web page about this address not being allowed': isPage(
    404,
    'Your IP address',
    'is not within the allowed range',
  ),
  '200 with `Errors` in the envelope': (answer) => {
    is(answer, 200, 'json');
    expect(queryResultIn(answer)).toMatchObject({ Errors: [expect.stringMatching(/^Could not/)] });
  },
  'an object where the list should be': (answer) => {
    is(answer, 200, 'json');
    const { Results: results } = queryResultIn(answer);
    expect(typeof results).toBe('object');
    expect(Array.isArray(results)).toBe(false);
  },
  '64 MB in 64 kB': async ({ status, headers, bytes }) => {
    expect([status, headers['content-encoding']]).toEqual([200, 'gzip']);
    expect(bytes.length).toBeLessThan(66 * 1024);
    expect((await promisify(gunzip)(bytes)).length).toBe(64 * 1024 * 1024);
  },

  '401': (answer) => {
    is(answer, 401, 'xml');
    expect(answer.headers['www-authenticate']).toBe('Basic realm="GoCD"');
    expect(answer.text).toContain('<message>You are not authenticated!</message>');
  },
  '403': isPage(403, 'Forbidden'),
  '403: what the open-source servers answer to an OAuth token': (answer) => {
    is(answer, 403, 'xml');
    expect(answer.text).toContain('You are not authorized to access this resource!');
  },
  '404': isPage(404, 'Not Found'),
  '200 with the login page': (answer) => {
    is(answer, 200, 'html');
    expect(load(answer.text)('form input[type=password]')).toHaveLength(1);
  },
  '302 to the login page': ({ status, headers }) => {
    expect([status, headers['location']]).toEqual([302, '/go/auth/login']);
  },
  'XML that stops in the middle': (answer) => {
    is(answer, 200, 'xml');
    expect(answer.text).toMatch(/^<\?xml .+\n<Projects>\n +<Project /);
    expect(() => parseXml(answer.text)).toThrow('unclosed tag');
  },
  'XML that is not cctray': (answer) => {
    is(answer, 200, 'xml');
    expect(parseXml(answer.text)).not.toContain('Projects');
  },
  'entities that unfold to gigabytes': (answer) => {
    is(answer, 200, 'xml');
    const entities = [...answer.text.matchAll(/<!ENTITY (\w+) "(.*?)">/g)];
    const sizes = new Map<string, number>();
    for (const [, name = '', text = ''] of entities) sizes.set(name, sizeOf(text, sizes));
    const [, body = ''] = answer.text.split(']>');
    expect(sizeOf(body, sizes)).toBeGreaterThan(10 ** 9);
    expect(answer.bytes.length).toBeLessThan(10_000);
  },
  'an entity that is a file': (answer) => {
    is(answer, 200, 'xml');
    const [, name] = /<!ENTITY (\w+) SYSTEM "file:\/\/\/.+?">/.exec(answer.text) ?? [];
    expect(name).toBeDefined();
    expect(answer.text).toContain(`<Project name="&${name ?? ''};`);
  },
  '`CheckingModifications` and `Exception`, which GoCD never sends': (answer) => {
    is(answer, 200, 'xml');
    expect([...entriesIn(answer.text).values()]).toMatchObject([
      { activity: 'CheckingModifications', lastBuildStatus: 'Exception' },
    ]);
  },
  'times without a zone, as up to 18.2': (answer) => {
    is(answer, 200, 'xml');
    const times = [...entriesIn(answer.text).values()].map((entry) => entry['lastBuildTime']);
    expect(times).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)]);
  },

  '429 with `Retry-After`': isBusy(429),
  '503 with `Retry-After`': isBusy(503),
  '500, a web page': isPage(500, 'Internal Server Error'),
  '200 with a web page': isPage(200),
  '200 with nothing': (answer, { failure }) => {
    is(answer, 200, failure.startsWith('cctray') ? 'xml' : 'json');
    expect(answer.bytes.length).toBe(0);
  },
  'JSON that stops in the middle': (answer) => {
    is(answer, 200, 'json');
    expect(answer.text).toMatch(/^\{"/);
    expect(() => JSON.parse(answer.text) as unknown).toThrow(SyntaxError);
  },
  '302 to another host': ({ status, headers }) => {
    expect(status).toBe(302);
    expect(new URL(String(headers['location'])).host).not.toBe(new URL(sandbox.url).host);
  },
};

/** What must be true where it matters when something comes, and whether it ends. */
const WAYS: Readonly<Record<string, (asked: FailureCase) => Promise<void>>> = {
  'the right answer, late': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(failure, { seconds: 0.3 });
    const since = performance.now();
    const answer = await answerTo(sandbox, request);

    expect(performance.now() - since).toBeGreaterThanOrEqual(299); // timers may round
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/"access_token":"|"TotalResultCount":64,|<Project name=/);
  },
  'no answer, the connection stays': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(failure);
    const arrival = nextAt(sandbox);
    const sent = send(sandbox, request);
    const response = await arrival;
    while (struck().length === 0) await supertest(sandbox.url).get('/_sandbox/failures');
    await supertest(sandbox.url).get('/_sandbox/failures'); // others are answered meanwhile
    expect(response.destroyed).toBe(false);
    const left = once(response, 'close');
    sent.on('error', () => undefined).destroy(); // the client leaves
    await left;

    expect(response.headersSent).toBe(false);
    expect(response.writableEnded).toBe(false);
  },
  'a byte now and then': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(failure);
    const response = await headOf(send(sandbox, request));
    const read = await readUntil(response, (_bytes, pieces) => pieces === 5);

    expect(response.statusCode).toBe(200);
    expect(read.toString()).toMatch(/^(\{|<\?xml [^>]+>\n) {4,}$/);
    expect(response.complete).toBe(false);
  },
  'the connection is cut': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(failure);

    await expect(answerTo(sandbox, request)).rejects.toThrow('ECONNRESET');
  },
  'an answer without an end': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(failure);
    const response = await headOf(send(sandbox, request));
    const read = await readUntil(response, (bytes) => bytes > MORE_THAN_ENOUGH);

    expect(response.statusCode).toBe(200);
    expect(read.length).toBeGreaterThan(MORE_THAN_ENOUGH);
    expect(response.complete).toBe(false);
  },
  'a refresh is refused; nothing else is': async ({ failure, provider }) => {
    const [refresh, code] = [
      await goodRequest(failure, provider),
      await goodRequest('token', provider),
    ];
    await switchOn(failure);

    await refuses({ status: 400, error: 'invalid_grant' }, { status: 400, error: 'invalid-grant' })(
      await answerTo(sandbox, refresh),
      { failure, provider, does: '', shown: '' },
    );
    expect((await answerTo(sandbox, code)).status).toBe(200);
  },
  'at once: every access token has ended, refresh tokens live': async ({ failure, provider }) => {
    const call = await goodRequest(provider === 'rally' ? 'wsapi' : 'cctray', provider);
    const refresh = await goodRequest('token-refresh-refused', provider);
    await switchOn(failure);

    expect((await answerTo(sandbox, call)).status).toBe(401);
    expect((await answerTo(sandbox, refresh)).status).toBe(200);
  },
};

describe('the table of failures in src/sandbox/README.md', () => {
  test('says nothing that is not held here, and nothing is held that it does not say', () => {
    const words = failureTable.map(({ does }) => curly(does));

    expect([...new Set(words)].sort()).toEqual(
      [...Object.keys(ANSWERS), ...Object.keys(WAYS)].sort(),
    );
  });

  test.each(failureTable)('$failure at $provider: $does', async (asked) => {
    const { failure, does } = asked;
    await WAYS[curly(does)]?.(asked);
    const check = ANSWERS[curly(does)];
    if (check) {
      const isForPeople = failure.startsWith('authorize');
      await check(await (isForPeople ? askForAccess(asked) : askProgram(asked)), asked);
    }

    // Of more than one request the first is struck where only some are.
    if (failure !== 'expire-access-tokens') {
      expect(struck()).toEqual([failure]);
    }
    expect.hasAssertions();
  });
});

async function askProgram({ failure, provider }: FailureCase): Promise<RawAnswer> {
  const request = await goodRequest(failure, provider);
  await switchOn(failure);
  return answerTo(sandbox, request);
}

/** A request that would be answered well, at the endpoint where a failure strikes. */
async function goodRequest(failure: string, provider: Provider): Promise<RawRequest> {
  const [endpoint] = failure.split('-');
  if (endpoint === 'token') return tokenRequest(failure, provider);
  if (endpoint === 'wsapi') {
    const { access_token: zsessionid } = await tokensOf(sandbox, await logIn(sandbox));
    return { method: 'GET', path: `${WSAPI}/hierarchicalrequirement`, headers: { zsessionid } };
  }
  const Authorization = `Token token="${await accessTokenOf(sandbox)}"`;
  return { method: 'GET', path: '/go/cctray.xml', headers: { Authorization } };
}

/** GoCD looks at nothing before it knows who asks; here somebody is logged in at both. */
async function askForAccess(asked: FailureCase): Promise<RawAnswer> {
  const { failure, provider } = asked;
  const path = { rally: '/login/oauth2/auth', gocd: '/go/oauth/authorize' }[provider];
  const url = authorizationUrl(sandbox, path, clientOf(sandbox, provider), { state: STATE });
  const visitor = new Visitor();
  await askFor(visitor, url, provider === 'rally' ? 'ada@example.test' : 'ada');
  await switchOn(failure);
  const { status, headers, text } = await visitor.visit(url);
  return { status, headers, text, bytes: Buffer.from(text) };
}

async function tokenRequest(failure: string, provider: Provider): Promise<RawRequest> {
  const { id, secret, redirectUri } = clientOf(sandbox, provider);
  const isRefresh = failure === 'token-refresh-refused';
  const grant = isRefresh
    ? {
        grant_type: { rally: 'refresh_token', gocd: 'refresh-token' }[provider],
        refresh_token:
          provider === 'rally'
            ? (await tokensOf(sandbox, await logIn(sandbox))).refresh_token
            : (await gocdTokensOf(sandbox)).refresh_token,
      }
    : {
        grant_type: { rally: 'authorization_code', gocd: 'authorization-code' }[provider],
        code:
          provider === 'rally'
            ? codeIn(await allowAccess(await logIn(sandbox), authorizeUrl(sandbox)))
            : await codeOf(sandbox),
      };
  const form = { ...grant, client_id: id, client_secret: secret, redirect_uri: redirectUri };
  return {
    method: 'POST',
    path: { rally: '/login/oauth2/token', gocd: '/go/oauth/token' }[provider],
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

/** The failures that struck so far. */
function struck(): string[] {
  return sandbox.world.received.all.flatMap(({ failure }) => failure ?? []);
}

/** Rally says what and to whom; GoCD has hyphens, no words and no state. */
function goesBackWith(error: string): Check {
  return ({ status, headers }, { provider }) => {
    expect(status).toBe(302);
    const back = new URL(String(headers['location']));
    expect(back.origin + back.pathname).toBe(clientOf(sandbox, provider).redirectUri);
    const { error_description: words, ...said } = Object.fromEntries(back.searchParams);
    const isRally = provider === 'rally';
    expect(said).toEqual(isRally ? { error, state: STATE } : { error: error.replaceAll('_', '-') });
    expect(typeof words).toBe(isRally ? 'string' : 'undefined');
  };
}

interface Refusal {
  readonly status: number;
  readonly error: string;
}

/** Each in its own words. */
function refuses(rally: Refusal, gocd: Refusal): Check {
  return (answer, { provider }) => {
    const { status, error } = { rally, gocd }[provider];
    is(answer, status, 'json');
    expect(JSON.parse(answer.text)).toEqual({
      ...(provider === 'rally' && { client_id: null, client_secret: null }),
      error,
      error_description: expect.any(String),
    });
  };
}

function isBusy(status: number): Check {
  return ({ status: is, headers }) => {
    expect(is).toBe(status);
    expect(headers['retry-after']).toMatch(/^\d+$/);
  };
}

function isPage(status: number, ...words: string[]): Check {
  return (answer) => {
    is(answer, status, 'html');
    expect(answer.text).toMatch(/<h1>.+<\/h1>/);
    for (const each of words) expect(answer.text).toContain(each);
  };
}

function is({ status, headers }: RawAnswer, expected: number, type: 'html' | 'json' | 'xml'): void {
  expect(status).toBe(expected);
  expect(headers['content-type']).toMatch(
    { html: /^text\/html/, json: /^application\/json/, xml: /^application\/xml/ }[type],
  );
}

function queryResultIn({ text }: RawAnswer): Record<string, unknown> {
  return (JSON.parse(text) as { QueryResult: Record<string, unknown> }).QueryResult;
}

/** @returns the names of all elements; throws where a text is not well-formed */
function parseXml(text: string): string[] {
  const names: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => void names.push(name));
  parser.write(text).close();
  return names;
}

/** How long a text is when its entities are unfolded. */
function sizeOf(text: string, sizes: ReadonlyMap<string, number>): number {
  const references = [...text.matchAll(/&(\w+);/g)];
  return references.reduce(
    (sum, [reference, name = '']) => sum + (sizes.get(name) ?? 0) - reference.length,
    text.length,
  );
}

/** The table has the apostrophe of a keyboard. */
function curly(words: string): string {
  return words.replaceAll("'", '’');
}

async function switchOn(name: string, more: object = {}): Promise<void> {
  const body = { name, ...more };
  const { status } = await supertest(sandbox.url).post('/_sandbox/failures').send(body);
  expect(status).toBe(200);
}
