// Rally's Web Services API in the sandbox by itself, held against the fixtures and the issues of
// Rally's toolkits. No client of ours takes part, so nothing can agree with itself.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { logIn, tokensOf } from '../support/rally.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { names, WSAPI, WsapiCaller, type QueryResult } from '../support/wsapi.js';

const STORIES = `${WSAPI}/hierarchicalrequirement`;

let sandbox: Sandbox;
let token: string;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  token = await signIn('ada@example.test');
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

describe(`GET ${WSAPI}`, () => {
  test.each([
    ['nothing', {}],
    ['an unknown token', { zsessionid: 'unknown' }],
    ['an empty token', { zsessionid: '' }],
    ['an unknown cookie', { Cookie: 'ZSESSIONID=unknown' }],
    ['a cookie of another name', { Cookie: 'xzsessionid=TOKEN' }],
    ['a bearer token, which WSAPI does not know', { Authorization: 'Bearer TOKEN' }],
    ['HTTP Basic', { Authorization: 'Basic TOKEN' }],
  ])('answers %s with 401 and a body without an envelope', async (_what, headers) => {
    const entries = Object.entries(headers);
    const sent = entries.map(([name, value]) => [name, value.replace('TOKEN', token)]);
    const answer = await supertest(sandbox.url)
      .get(`${STORIES}?query=(Nothing`)
      .set(Object.fromEntries(sent) as Record<string, string>);

    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({ message: null, status: '401', url: STORIES });
  });

  test.each([
    ['the header zsessionid', 'zsessionid', ''],
    ['the header ZSESSIONID', 'ZSESSIONID', ''],
    ['a cookie', 'Cookie', 'zsessionid='],
    ['a cookie in capitals, after others', 'Cookie', 'JSESSIONID=x; ZSESSIONID='],
  ])('takes the token from %s', async (_what, name, prefix) => {
    const headers = { [name]: prefix + token };
    const answer = await supertest(sandbox.url).get(`${WSAPI}/user`).set(headers);

    expect(answer.status).toBe(200);
  });

  test('refuses a token when it has expired', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);

    expect((await get(`${WSAPI}/user`, token)).status).toBe(401);
  });

  test('/user is whoever asks, with Errors and Warnings inside the object', async () => {
    const { status, body } = await get(`${WSAPI}/user`, token);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      User: {
        _rallyAPIMajor: '2',
        _rallyAPIMinor: '0',
        _ref: `${sandbox.url}${WSAPI}/user/70001`,
        _refObjectName: 'Ada Finch',
        ObjectID: 70001,
        DisplayName: 'Ada Finch',
        UserName: 'ada@example.test',
        EmailAddress: 'ada@example.test',
        Disabled: false,
        Errors: [],
        Warnings: [],
      },
    });
    const another = (await get(`${WSAPI}/user`, await signIn('sol@example.test'))).body;
    expect(another).toMatchObject({ User: { ObjectID: 70011, UserName: 'sol@example.test' } });
  });

  test('/User is the same: types are read in any case, and v2.x is v2.0', async () => {
    const { body } = await get(`${WSAPI}/user`, token);

    expect((await get(`${WSAPI}/User`, token)).body).toEqual(body);
    expect(
      (await supertest(sandbox.url).get('/slm/webservice/v2.x/user').set('zsessionid', token)).body,
    ).toEqual(body);
  });

  test('/user with a query finds people of Rally, and none of GoCD', async () => {
    const everybody = await query('', token, {}, '/user');
    const one = await query('(UserName = "nia@example.test")', token, {}, '/user');

    expect(everybody.TotalResultCount).toBe(4);
    expect(names(one)).toEqual(['Nia Wren']);
  });

  test('/user/70011 is that person, whoever asks', async () => {
    const { body } = await get(`${WSAPI}/user/70011`, token);

    expect(body).toMatchObject({ User: { ObjectID: 70011, DisplayName: 'Sol Marten' } });
  });

  test('/hierarchicalrequirement/81001 is one story in an envelope of its type', async () => {
    const { body } = await get(`${STORIES}/81001?fetch=FormattedID,Name`, token);

    expect(body).toMatchObject({
      HierarchicalRequirement: {
        _ref: `${sandbox.url}${STORIES}/81001`,
        _type: 'HierarchicalRequirement',
        FormattedID: 'US1',
        Name: expect.stringContaining('Barn door sensor'),
        Errors: [],
        Warnings: [],
      },
    });
  });

  test.each(['/user/1', '/user/x', '/hierarchicalrequirement/1'])(
    '%s is not there, which WSAPI says with status 200',
    async (path) => {
      const { status, body } = await get(WSAPI + path, token);

      expect(status).toBe(200);
      expect(body).toEqual({
        OperationResult: { Errors: ['Cannot find object to read'], Warnings: [] },
      });
    },
  );
});

describe(`GET ${STORIES}`, () => {
  test('answers with twenty of them from the first, in a QueryResult', async () => {
    const { status, body } = await get(STORIES, token);
    const { QueryResult: result } = body as { QueryResult: QueryResult };

    expect(status).toBe(200);
    expect({ ...result, Results: result.Results.length }).toEqual({
      _rallyAPIMajor: '2',
      _rallyAPIMinor: '0',
      Errors: [],
      Warnings: [],
      TotalResultCount: 64,
      StartIndex: 1,
      PageSize: 20,
      Results: 20,
    });
    expect(result.Results[0]).toMatchObject({ _ref: `${sandbox.url}${STORIES}/81001` });
  });

  test('counts start from one, and rows do not overlap or get lost', async () => {
    const pages = [];
    for (const start of ['1', '26', '51']) {
      pages.push(await query('', token, { start, pagesize: '25', order: 'ObjectID' }));
    }
    const ids = pages.flatMap(objectIds);

    expect(pages.map(({ Results }) => Results.length)).toEqual([25, 25, 14]);
    expect(pages.map(({ StartIndex }) => StartIndex)).toEqual([1, 26, 51]);
    expect(ids).toEqual(Array.from({ length: 64 }, (_, index) => 81001 + index));
  });

  test('takes start=0 as the first, and has no rows past the last', async () => {
    const zero = await query('', token, { start: '0', pagesize: '1' });
    const past = await query('', token, { start: '65' });

    expect(objectIds(zero)).toEqual([81001]);
    expect(past).toMatchObject({ Errors: [], TotalResultCount: 64, Results: [] });
  });

  test('caps a page at 2000 rows without a word', async () => {
    sandbox = await startSandboxAlone({ stories: 2001 });
    const result = await query('', await signIn('ada@example.test'), { pagesize: '5000' });

    expect(result).toMatchObject({ Errors: [], Warnings: [], TotalResultCount: 2001 });
    expect(result.PageSize).toBe(2000);
    expect(result.Results).toHaveLength(2000);
  });

  test.each([0, 1, 20, 21])('has %i stories where the world has as many', async (stories) => {
    sandbox = await startSandboxAlone({ stories });
    const result = await query('', await signIn('ada@example.test'));

    expect(result.TotalResultCount).toBe(stories);
    expect(result.Results).toHaveLength(Math.min(stories, 20));
  });

  test.each([
    '(Owner = "/user/70011")',
    '(Owner = /user/70011)',
    '(Owner = "https://rally1.rallydev.com/slm/webservice/v2.0/user/70011")',
    '(Owner = sol@example.test)',
    '(Owner.UserName = "sol@example.test")',
    '(Owner.Name = "Sol Marten")',
    '(Owner.ObjectID = 70011)',
    '((Owner = "/user/70011") AND (Project.Name = "Field"))',
    '(((Owner = "/user/70011") OR (Name = "none")) AND (ObjectID > 0))',
  ])('finds Sol’s four stories by %s', async (text) => {
    expect(objectIds(await query(text, token))).toEqual([81008, 81024, 81040, 81056]);
  });

  test.each([
    ['(Owner = "/user/70001")', 56],
    ['(Owner = null)', 4],
    ['(Owner != null)', 60],
    ['(Owner = "/user/70021")', 0],
    ['(Owner != "/user/70001")', 8],
    ['(FormattedID = "US64")', 1],
    ['(ObjectID < 81003)', 2],
    ['(ObjectID <= 81003)', 3],
    ['(ObjectID > 81062)', 2],
    ['(ObjectID >= 81062)', 3],
    ['(Name contains "barn DOOR")', 8],
    ['(Name !contains "Barn door")', 56],
    ['(Name contains "\\"quotes\\"")', 9],
    ['((ObjectID = 81001) OR (ObjectID = 81002))', 2],
    ['((ObjectID = 81001) AND (ObjectID = 81002))', 0],
    ['(Blocked = true)', 6],
    ['(ScheduleState < "Accepted")', 49],
    ['(ScheduleState >= completed)', 30],
  ])('finds by %s %i of 64', async (text, count) => {
    const result = await query(text, token);

    expect(result.Errors).toEqual([]);
    expect(result.TotalResultCount).toBe(count);
  });

  test.each([
    ['(Owner)', 'Unknown operator ")"'],
    ['(Owner="/user/70001")', 'Unknown operator ""/user/70001""'],
    ['(ObjectID=81001)', 'Unknown operator ")"'],
    ['(Name zobolts 9)', 'Unknown operator "zobolts"'],
    ['(A = 1', 'Error parsing expression -- expected ")" but saw "end of query" instead.'],
    ['A = 1', 'Error parsing expression -- expected "(" but saw "A" instead.'],
    ['(Name = two words)', 'Error parsing expression -- expected ")" but saw "words" instead.'],
    [
      '((A = 1) AND (B = 2) AND (C = 3))',
      'Error parsing expression -- expected ")" but saw "AND" instead.',
    ],
  ])('does not parse %s, and says so with status 200', async (text, message) => {
    const { status, body } = await get(STORIES, token, { query: text });

    expect(status).toBe(200);
    expect(body).toEqual({
      QueryResult: {
        Errors: [`Could not parse: ${message}`],
        Warnings: [],
        TotalResultCount: 0,
        StartIndex: 0,
        PageSize: 0,
        Results: [],
      },
    });
  });

  test.each([
    '(A = 1) AND (B = 2)',
    '((A = 1) XOR (B = 2))',
    '(A = )',
    '()',
    ')',
    '(Name = "unclosed)',
    '(Name = "not closed)',
    '(Name = ")',
    '(Name = not"closed)',
  ])('does not parse %s either', async (text) => {
    const result = await query(text, token);

    expect(result.Errors).toEqual([expect.stringMatching(/^Could not parse: /)]);
    expect(result.Results).toEqual([]);
  });

  test.each([
    ['ObjectID', [81001, 81002, 81003]],
    ['ObjectID desc', [81064, 81063, 81062]],
    ['ObjectID asc', [81001, 81002, 81003]],
    ['Rank desc', [81064, 81063, 81062]],
    ['Blocked desc,ObjectID', [81005, 81016, 81027]],
    ['Blocked DESC, ObjectID DESC', [81060, 81049, 81038]],
    ['ScheduleState,ObjectID', [81001, 81002, 81003]],
    ['ScheduleState desc,ObjectID', [81010, 81011, 81012]],
    ['FormattedID', [81001, 81002, 81003]],
  ])('orders by %s', async (order, first) => {
    expect(objectIds(await query('', token, { order, pagesize: '3' }))).toEqual(first);
  });

  test('orders before it cuts the page', async () => {
    const second = await query('', token, { order: 'ObjectID desc', start: '4', pagesize: '2' });

    expect(objectIds(second)).toEqual([81061, 81060]);
  });

  test('fetches the fields that were asked for, objects as references', async () => {
    const fetch = 'FormattedID, Owner,Iteration';
    const [row] = (await query('(ObjectID = 81001)', token, { fetch })).Results;

    expect(row).toMatchObject({
      _rallyAPIMajor: '2',
      _rallyAPIMinor: '0',
      _ref: `${sandbox.url}${STORIES}/81001`,
      _refObjectName: expect.stringContaining('Barn door sensor'),
      _type: 'HierarchicalRequirement',
      FormattedID: 'US1',
      Iteration: { _refObjectName: 'Sprint 1', _type: 'Iteration' },
    });
    expect(row?.['Owner']).toEqual({
      _ref: `${sandbox.url}${WSAPI}/user/70001`,
      _refObjectName: 'Ada Finch',
      _type: 'User',
    });
    for (const field of ['Name', 'ScheduleState', 'Project']) expect(row).not.toHaveProperty(field);
  });

  test('has null where nobody owns a story, and no sprint or estimate is set', async () => {
    const fetch = 'Owner,Iteration,PlanEstimate';
    const [ownerless] = (await query('(Owner = null)', token, { fetch })).Results;
    const [unplanned] = (await query('(Iteration = null)', token, { fetch })).Results;
    const [unestimated] = (await query('(PlanEstimate = null)', token, { fetch })).Results;

    expect(ownerless?.['Owner']).toBeNull();
    expect(unplanned?.['Iteration']).toBeNull();
    expect(unestimated?.['PlanEstimate']).toBeNull();
  });

  test('gives references alone without fetch, and everything with fetch=true', async () => {
    const [bare] = (await query('', token)).Results;
    const [full] = (await query('', token, { fetch: 'true' })).Results;

    expect(Object.keys(bare ?? {}).filter((name) => !name.startsWith('_'))).toEqual([]);
    expect(full).toMatchObject({
      ObjectID: 81001,
      FormattedID: 'US1',
      ScheduleState: 'Defined',
      Blocked: false,
      Project: { _refObjectName: 'Barn' },
    });
  });
});

/** An access token of somebody; WSAPI takes it as it takes a key. */
async function signIn(username: string): Promise<string> {
  return (await tokensOf(sandbox, await logIn(sandbox, username))).access_token;
}

async function get(path: string, token: string, parameters: Record<string, string> = {}) {
  const below = path.replace(WSAPI, '');
  return new WsapiCaller(sandbox, token).get(below, parameters);
}

async function query(
  text: string,
  token: string,
  parameters: Record<string, string> = {},
  path = '/hierarchicalrequirement',
): Promise<QueryResult> {
  return new WsapiCaller(sandbox, token).query(path, { query: text, ...parameters });
}

function objectIds({ Results }: QueryResult): number[] {
  return Results.map((row) => Number(String(row['_ref']).split('/').at(-1)));
}
