// The table in src/sandbox/README.md says what the sandbox does for each failure, and what the app then
// shows. Its words are held against both: first against the bytes that a request gets which is good but
// for the failure, without the app; then against the app's page.
import { once } from 'node:events';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { load } from 'cheerio';
import { SaxesParser } from 'saxes';
import supertest from 'supertest';
import { FAILURES } from '../../src/sandbox/failures.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { allow, signIn } from '../support/dance.js';
import { failureTable, type FailureCase, type Provider } from '../support/failure-table.js';
import { entriesIn, exchange, open } from '../support/gocd.js';
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
  authorizationUrl,
  clientOf,
  closeSandboxes,
  codeIn,
  startSandboxAlone,
  type Tokens,
} from '../support/sandbox.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';
import { WSAPI } from '../support/wsapi.js';

const STATE = 'a-state';
const MORE_THAN_ENOUGH = 20 * 1024 * 1024;

/** The one without the app. */
let sandbox: Sandbox;
/** Ada's browser there, logged in. */
let ada: Record<Provider, Visitor>;

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
    await switchOn(sandbox, failure, { seconds: 0.3 });
    const since = performance.now();
    const answer = await answerTo(sandbox, request);

    expect(performance.now() - since).toBeGreaterThanOrEqual(299); // timers may round
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/"access_token":"|"TotalResultCount":64,|<Project name=/);
  },
  'no answer, the connection stays': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(sandbox, failure);
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
    await switchOn(sandbox, failure);
    const response = await headOf(send(sandbox, request));
    const read = await readUntil(response, (_bytes, pieces) => pieces === 5);

    expect(response.statusCode).toBe(200);
    expect(read.toString()).toMatch(/^(\{|<\?xml [^>]+>\n) {4,}$/);
    expect(response.complete).toBe(false);
  },
  'the connection is cut': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(sandbox, failure);

    await expect(answerTo(sandbox, request)).rejects.toThrow('ECONNRESET');
  },
  'an answer without an end': async ({ failure, provider }) => {
    const request = await goodRequest(failure, provider);
    await switchOn(sandbox, failure);
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
    await switchOn(sandbox, failure);

    await refuses({ status: 400, error: 'invalid_grant' }, { status: 400, error: 'invalid-grant' })(
      await answerTo(sandbox, refresh),
      { failure, provider, does: '', shown: '' },
    );
    expect((await answerTo(sandbox, code)).status).toBe(200);
  },
  'at once: every access token has ended, refresh tokens live': async ({ failure, provider }) => {
    const call = await goodRequest(provider === 'rally' ? 'wsapi' : 'cctray', provider);
    const refresh = await goodRequest('token-refresh-refused', provider);
    await switchOn(sandbox, failure);

    expect((await answerTo(sandbox, call)).status).toBe(401);
    expect((await answerTo(sandbox, refresh)).status).toBe(200);
  },
};

describe('the table of failures in src/sandbox/README.md', () => {
  beforeAll(async () => {
    sandbox = await startSandboxAlone();
    ada = { rally: await logIn(sandbox), gocd: new Visitor() };
    await open(ada.gocd, sandbox, '/go/pipelines');
  });
  beforeEach(() => {
    sandbox.world.failures.switchOff();
    sandbox.world.received.clear();
  });
  afterAll(closeSandboxes);

  test('has every failure, and none that the sandbox does not know', () => {
    const known = Object.values(FAILURES).flatMap((failures) => [...failures.keys()]);

    expect([...new Set(failureTable.map(({ failure }) => failure))].sort()).toEqual(
      [...known, 'expire-access-tokens'].sort(),
    );
  });

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
  await switchOn(sandbox, failure);
  return answerTo(sandbox, request);
}

/** A request that would be answered well, at the endpoint where a failure strikes. */
async function goodRequest(failure: string, provider: Provider): Promise<RawRequest> {
  const [endpoint] = failure.split('-');
  if (endpoint === 'token') return tokenRequest(failure, provider);
  if (endpoint === 'wsapi') {
    const { access_token: zsessionid } = await tokensOf(sandbox, ada.rally);
    return { method: 'GET', path: `${WSAPI}/hierarchicalrequirement`, headers: { zsessionid } };
  }
  const { access_token: token } = await gocdTokens();
  const Authorization = `Token token="${token}"`;
  return { method: 'GET', path: '/go/cctray.xml', headers: { Authorization } };
}

async function askForAccess(asked: FailureCase): Promise<RawAnswer> {
  const { failure, provider } = asked;
  const path = { rally: '/login/oauth2/auth', gocd: '/go/oauth/authorize' }[provider];
  const url = authorizationUrl(sandbox, path, clientOf(sandbox, provider), { state: STATE });
  await switchOn(sandbox, failure);
  const { status, headers, text } = await ada[provider].visit(url);
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
            ? (await tokensOf(sandbox, ada.rally)).refresh_token
            : (await gocdTokens()).refresh_token,
      }
    : {
        grant_type: { rally: 'authorization_code', gocd: 'authorization-code' }[provider],
        code:
          provider === 'rally'
            ? codeIn(await allowAccess(ada.rally, authorizeUrl(sandbox)))
            : await gocdCode(),
      };
  const form = { ...grant, client_id: id, client_secret: secret, redirect_uri: redirectUri };
  return {
    method: 'POST',
    path: { rally: '/login/oauth2/token', gocd: '/go/oauth/token' }[provider],
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

/** GoCD asks each time. */
async function gocdCode(): Promise<string> {
  const url = authorizationUrl(sandbox, '/go/oauth/authorize', clientOf(sandbox, 'gocd'));
  return codeIn(await ada.gocd.submit(await ada.gocd.visit(url), 'form', { authorize: 'Yes' }));
}

async function gocdTokens(): Promise<Tokens> {
  return (await exchange(sandbox, clientOf(sandbox, 'gocd'), await gocdCode())).body as Tokens;
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

async function switchOn(at: Sandbox, name: string, more: object = {}): Promise<void> {
  const body = { name, ...more };
  const { status } = await supertest(at.url).post('/_sandbox/failures').send(body);
  expect(status).toBe(200);
}

/** One does not wait for a request; one waits for a refresh, and the app asks the person instead. */
const NOT_MET_BY_THE_APP = ['expire-access-tokens', 'token-refresh-refused'];

describe('the app, when the sandbox fails', () => {
  /** Waits as long as a machine may need. */
  let patient: Started;
  /** For an answer that never comes to an end. */
  let hasty: Started;
  let started: Started;
  let visitor: Visitor;
  const visitors = new Map<Started, Visitor>();

  beforeAll(async () => {
    const environment = { RATE_LIMIT_PER_MINUTE: '0' };
    patient = await start({ environment: { ...environment, UPSTREAM_TIMEOUT_MS: '15000' } });
    hasty = await start({ environment: { ...environment, UPSTREAM_TIMEOUT_MS: '500' } });
    for (const app of [patient, hasty]) {
      const person = new Visitor();
      visitors.set(app, person);
      for (const provider of ['rally', 'gocd'] as const) await signIn(person, app, provider);
    }
  });
  beforeEach(() => {
    use(patient);
  });
  afterAll(closeAll);

  test.each(failureTable)(
    '$failure at $provider: it strikes, and the app shows $shown',
    async ({ failure, provider, shown }) => {
      if (/-(hanging|dripping)$/.test(failure)) use(hasty);
      const page = await meet(failure, provider);
      const { all: received } = started.sandbox.world.received;

      expect(`${page.status} ${page.$('h1').text()}`).toBe(shown);
      if (!NOT_MET_BY_THE_APP.includes(failure)) {
        expect(received.map((exchange) => exchange.failure)).toContain(failure);
      }
    },
  );

  test.each([
    { provider: 'rally', path: '/login/oauth2/token', grantType: 'authorization_code' },
    { provider: 'gocd', path: '/go/oauth/token', grantType: 'authorization-code' },
  ] as const)(
    'POST $path burns the code when token-invalid-grant strikes: a second try must not succeed',
    async ({ provider, path, grantType }) => {
      const code = (await redirectBack(provider)).searchParams.get('code') ?? '';
      const [client] = started.sandbox.world[provider].clients;
      const tryIt = () =>
        supertest(started.sandbox.url).post(path).type('form').send({
          grant_type: grantType,
          code,
          client_id: client?.id,
          client_secret: client?.secret,
          redirect_uri: client?.redirectUri,
        });
      await switchOn(started.sandbox, 'token-invalid-grant', { times: 1 });

      expect((await tryIt()).status).toBe(400);
      expect((await tryIt()).status).toBe(400);
    },
  );

  function use(app: Started): void {
    started = app;
    visitor = visitors.get(app) ?? new Visitor();
    app.sandbox.world.failures.switchOff();
    app.sandbox.world.received.clear();
  }

  /** Goes to where the failure strikes, switches it on, and takes the step that meets it. */
  async function meet(failure: string, provider: Provider): Promise<Page> {
    const page = `${started.url}/${provider}`;
    const slowly = failure.endsWith('-slow') ? { seconds: 0.05 } : {};
    switch (failure.split('-')[0]) {
      case 'authorize': {
        await switchOn(started.sandbox, failure);
        return visitor.browse(`${started.url}/login/${provider}`);
      }
      case 'token': {
        if (failure === 'token-refresh-refused') {
          await beConnected(provider);
          await switchOn(started.sandbox, 'expire-access-tokens');
          await switchOn(started.sandbox, failure);
          return visitor.visit(page);
        }
        const back = await redirectBack(provider);
        await switchOn(started.sandbox, failure, slowly);
        return visitor.browse(back);
      }
      default: {
        await beConnected(provider);
        await switchOn(started.sandbox, failure, slowly);
        return visitor.visit(page);
      }
    }
  }

  /** Some failures end the connection. */
  async function beConnected(provider: Provider): Promise<void> {
    if ((await visitor.visit(`${started.url}/${provider}`)).status === 200) return;
    await visitor.browse(await redirectBack(provider));
  }

  /** With the code, which the app has not got yet. */
  async function redirectBack(provider: Provider): Promise<URL> {
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    return allow(visitor, await visitor.visit(location));
  }
});
