import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import {
  comeBack,
  hang,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

const USER = '/slm/webservice/v2.0/user';
const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';

const queryResult = (fields: Record<string, unknown>) =>
  json({ QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [], ...fields } });

/** Envelopes that `JSON.stringify` could not write. */
const results = (rows: string) =>
  respond(200, 'application/json', `{"QueryResult":{"Results":[${rows}]}}`);
const errors = (error: string) =>
  respond(200, 'application/json', `{"QueryResult":{"Errors":[${error}],"Results":[]}}`);

let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});

describe('GET /rally', () => {
  let started: Started;

  beforeAll(async () => {
    started = await start();
  });
  afterAll(closeAll);

  test('without a connection answers 401 with the link that comes back here', async () => {
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.status).toBe(401);
    expect(page.$('.button').attr('href')).toBe('/login/rally?return_to=/rally');
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  test('shows the stories of who signed in, with their name on top', async () => {
    const page = await signIn(visitor, started, 'rally');

    expect(page.$('h1').text()).toBe('Stories of Ada Finch');
    expect(page.$('tbody tr')).toHaveLength(50);
    expect(page.$('tbody a').first().attr('href')).toMatch(/\/#\/detail\/userstory\/81001$/);
  });

  test('turns the pages, each a page of Rally’s', async () => {
    const first = await signIn(visitor, started, 'rally');
    const second = await visitor.visit(
      new URL(first.$('[rel=next]').attr('href') ?? '', first.url),
    );

    expect(first.text).toContain('Stories 1 to 50 of 56');
    expect(second.text).toContain('Stories 51 to 56 of 56');
    expect(second.$('[rel=next]')).toHaveLength(0);
    expect(second.$('[rel=prev]').attr('href')).toBe('/rally');
  });

  test('tells a person without stories what to do', async () => {
    const page = await signIn(visitor, started, 'rally', 'nia@example.test');

    expect(page.status).toBe(200);
    expect(page.$('.empty').text()).toContain('Set yourself as the owner');
  });

  test('past the last page says so, and leads back', async () => {
    await signIn(visitor, started, 'rally');
    const page = await visitor.visit(`${started.url}/rally?page=9`);

    expect(page.status).toBe(200);
    expect(page.$('.empty a').attr('href')).toBe('/rally');
  });

  test.each(['0', '-1', '1.5', 'x', '1&page=2', '9999999'])('refuses page=%s', async (value) => {
    const page = await visitor.visit(`${started.url}/rally?page=${value}`);

    expect(page.status).toBe(400);
  });
});

describe('GET /rally behind a company proxy', () => {
  afterEach(async () => {
    delete process.env['HTTP_PROXY'];
    await closeAll();
  });

  test('reaches a provider on this machine without the proxy', async () => {
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
    const page = await signIn(visitor, await start(), 'rally');

    expect(page.status).toBe(200);
  });
});

describe('GET /rally when WSAPI', () => {
  let stub: StubProvider;
  let started: Started;

  beforeAll(async () => {
    stub = await startStubProvider();
    started = await startWithStub(stub);
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub-2' }));
    stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', '<Projects></Projects>'));
    stub.answers.set(USER, json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }));
  });
  beforeEach(async () => {
    stub.received.splice(0);
    stub.answers.delete(STORIES);
    started.log.splice(0);
    await comeBack(visitor, started, 'rally');
  });
  afterAll(async () => {
    await closeAll();
    await stub.close();
  });

  const notJson = { message: null, status: '401', url: '/slm/webservice/v2.0/x' };

  test.each([
    ['answers 401 as JSON', json(notJson, 401)],
    ['answers 401 as HTML', respond(401, 'text/html', '<h1>Full authentication is required</h1>')],
  ])('%s: connect again, and GoCD’s connection is untouched', async (_what, answer) => {
    await comeBack(visitor, started, 'gocd');
    stub.answers.set(STORIES, answer);
    const page = await visitor.visit(`${started.url}/rally`);
    const home = await visitor.visit(started.url);

    expect(page.status).toBe(401);
    expect(home.$('#card-rally ~ .state').text()).toBe('Not connected');
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });

  test('answers 403: not allowed, and the connection is kept', async () => {
    stub.answers.set(STORIES, respond(403, 'text/html', 'no'));
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.status).toBe(403);
    expect((await visitor.visit(started.url)).$('#card-rally ~ .state').text()).toContain('Ada');
  });

  test.each([
    ['answers 404 HTML, as for a forbidden IP address', respond(404, 'text/html', 'Your IP'), 502],
    ['answers 500', respond(500, 'text/html', 'Oops'), 502],
    ['answers HTML', respond(200, 'text/html', '<h1>Log in</h1>'), 502],
    ['answers other JSON', json([]), 502],
    ['redirects', respond(302, 'text/html', '', { Location: '/elsewhere' }), 502],
    ['cuts the connection', reset, 502],
    ['sends over 20 MB', queryResult({ padding: 'x'.repeat(20_000_000) }), 502],
    ['sends millions of rows', results('{},'.repeat(6_000_000) + '{}'), 502],
    ['sends arrays in arrays', results('['.repeat(9_000_000) + ']'.repeat(9_000_000)), 502],
    [
      'nests an error deeper than the stack',
      errors(`${'['.repeat(90_000)}${']'.repeat(90_000)}`),
      502,
    ],
    ['is busy', respond(503, 'text/html', 'busy', { 'Retry-After': '9' }), 503],
  ])('%s: a page says so, and the connection is kept', async (_what, answer, status) => {
    stub.answers.set(STORIES, answer);
    const page = await visitor.visit(`${started.url}/rally`);
    stub.answers.set(STORIES, queryResult({}));

    expect(page.status).toBe(status);
    expect(page.text).not.toContain('the-token-of-the-stub');
    expect(stub.received.map(({ line }) => line)).not.toContain('GET /elsewhere');
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('never answers: a page says so, and the connection is kept', async () => {
    const { url } = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '500' });
    await comeBack(visitor, { url }, 'rally');
    stub.answers.set(STORIES, hang);
    const page = await visitor.visit(`${url}/rally`);
    stub.answers.set(STORIES, queryResult({}));

    expect(page.status).toBe(504);
    expect((await visitor.visit(`${url}/rally`)).status).toBe(200);
  });

  const ODD_COUNTS: readonly (readonly [unknown])[] = [
    [{ toString: null }],
    [{ valueOf: 1, toString: 1 }],
    [[[5]]],
    [1e300],
    [2 ** 53],
    [-1],
    ['many'],
    [null],
  ];

  test.each(ODD_COUNTS)(
    'counts %j stories: the page is shown, and says nothing of it',
    async (TotalResultCount) => {
      const Results = [{ ObjectID: 1, FormattedID: 'US1', Name: 'a story' }];
      stub.answers.set(STORIES, queryResult({ TotalResultCount, Results }));
      const page = await visitor.visit(`${started.url}/rally`);

      expect(page.status).toBe(200);
      expect(page.$('.summary').text()).toContain('Stories 1 to 1, in rank order');
    },
  );

  const TIMES: readonly (readonly [unknown, string])[] = [
    ['2024-02-29T10:00:00.000Z', '2024-02-29'],
    ['2024-02-30T10:00:00.000Z', '–'],
    ['2023-02-29T10:00:00.000Z', '–'],
    ['2024-04-30T24:00:00Z', '–'],
    ['2024-04-30', '–'],
    [{ toString: null }, '–'],
  ];

  test.each(TIMES)('says that a story was changed at %j: that is %s', async (changed, shown) => {
    const Results = [{ FormattedID: 'US1', LastUpdateDate: changed, Blocked: 'false' }];
    stub.answers.set(STORIES, queryResult({ TotalResultCount: 1, Results }));
    const { $ } = await visitor.visit(`${started.url}/rally`);

    expect($('tbody td').last().text()).toBe(shown);
    expect($('tbody tr.blocked')).toHaveLength(0);
  });

  test.each([[['x', 5]], ['boom'], [{ a: 1 }], [[null]], [[{ Message: 'boom' }]]])(
    'answers 200 with the odd Errors %j: they are not an empty list either',
    async (Errors) => {
      stub.answers.set(STORIES, queryResult({ Errors }));

      expect((await visitor.visit(`${started.url}/rally`)).status).toBe(502);
    },
  );

  test('sends more rows than it was asked for: the rest is left out', async () => {
    const Results = Array.from({ length: 500 }, () => ({ FormattedID: 'US1' }));
    stub.answers.set(STORIES, queryResult({ TotalResultCount: 500, Results }));

    expect((await visitor.visit(`${started.url}/rally`)).$('tbody tr')).toHaveLength(50);
  });

  test('repeats the token in its error: it is masked on the page and in the log', async () => {
    const page = await visitor.visit(`${started.url}/rally`);
    stub.answers.set(STORIES, respond(500, 'text/plain', 'bad token the-token-of-the-stub-1'));
    const failed = await visitor.visit(`${started.url}/rally`);

    expect(page.status).toBe(502);
    expect(failed.$('blockquote').text()).toContain('bad token the-…ub-1');
    expect(started.log.join()).not.toContain('the-token-of-the-stub');
  });

  test('repeats the token in its data: it is masked among them', async () => {
    const token = 'the-token-of-the-stub-1';
    const Results = [{ Name: `a ${token}`, Project: { _refObjectName: `b ${token}` } }];
    stub.answers.set(STORIES, queryResult({ Results, Warnings: [`c ${token}`, [token]] }));
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.$('main').text()).toMatch(/c the-…ub-1[^]*a the-…ub-1[^]*b the-…ub-1/);
    expect(page.text).not.toContain(token);
  });

  test('leaves out what it could say beside the rows: they are shown', async () => {
    stub.answers.set(STORIES, results('{"FormattedID":"US7"}'));
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.$('tbody td').first().text()).toBe('US7');
  });

  test('answers what it should not: its words are a quotation, and what we say of them is not', async () => {
    stub.answers.set(STORIES, respond(418, 'text/plain', 'I am a teapot'));
    const { $ } = await visitor.visit(`${started.url}/rally`);

    expect($('blockquote').text()).toBe('I am a teapot');
    expect($('figcaption').text()).toBe(
      'Rally’s answer, with status 418 and as text/plain, begins:',
    );
  });

  test('answers 200 with Errors: they are quoted, and are not an empty list', async () => {
    stub.answers.set(STORIES, queryResult({ Errors: ['Could not parse: <b>x</b>'] }));
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.status).toBe(502);
    expect(page.$('blockquote').text()).toBe('Could not parse: <b>x</b>');
  });

  test('sends odd rows: each is shown, as text, with what it has', async () => {
    const name = '<script>alert("x")</script>';
    const Results = [
      { ObjectID: '81', FormattedID: 'US1', Name: name, PlanEstimate: 'big', Owner: null },
      {},
      null,
    ];
    stub.answers.set(
      STORIES,
      queryResult({ TotalResultCount: 3, Results, Warnings: ['<i>w</i>'] }),
    );
    const page = await visitor.visit(`${started.url}/rally`);

    expect(page.$('tbody tr')).toHaveLength(3);
    expect(page.$('tbody tr').first().text()).toContain(name);
    expect(page.$('main script, main i')).toHaveLength(0);
    expect(page.$('.warnings q').text()).toBe('<i>w</i>');
  });

  test('knows states of the workspace’s own: they can be chosen, and have their part of the bar', async () => {
    const Results = [
      { ScheduleState: 'Idea', PlanEstimate: 3, Project: { _refObjectName: 'Barn' } },
      { ScheduleState: 'Defined', PlanEstimate: 1 },
    ];
    stub.answers.set(STORIES, queryResult({ TotalResultCount: 2, Results }));
    const { $ } = await visitor.visit(`${started.url}/rally`);

    expect($('[name=state] option').last().text()).toBe('Idea');
    expect($('.bar .step-other').attr('width')).toBe('75%');
  });

  test('counts more than it shows: the page says so, and leads back', async () => {
    stub.answers.set(STORIES, queryResult({ TotalResultCount: 9 }));
    const { $ } = await visitor.visit(`${started.url}/rally`);

    expect($('.empty').text()).toContain('Rally counts 9 stories that it does not show you');
  });

  test('is asked for my stories alone, in a stable order, with the token in zsessionid', async () => {
    let url = '';
    stub.answers.set(STORIES, (request, response) => {
      url = request.url ?? '';
      queryResult({})(request, response);
    });
    await visitor.visit(`${started.url}/rally?page=2`);
    const { searchParams } = new URL(url, stub.url);

    expect(Object.fromEntries(searchParams)).toEqual({
      query: '(Owner = "/user/7")',
      order: 'Rank,ObjectID',
      fetch:
        'ObjectID,FormattedID,Name,ScheduleState,PlanEstimate,Iteration,Project,Blocked,BlockedReason,LastUpdateDate',
      start: '51',
      pagesize: '50',
    });
    const last = stub.received.at(-1);
    expect(last?.headers['zsessionid']).toBe('the-token-of-the-stub-1');
    expect(last?.headers.authorization).toBeUndefined();
  });
});
