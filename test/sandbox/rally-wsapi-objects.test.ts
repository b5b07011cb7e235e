// What WSAPI's objects look like, how they hang together, and which of them a query is about.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { names, WSAPI, wsapiCaller, type WsapiCaller } from '../support/wsapi.js';

const STORIES = '/hierarchicalrequirement';

let sandbox: Sandbox;
let ada: WsapiCaller;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = wsapiCaller(sandbox);
});

afterEach(closeSandboxes);

describe(`GET ${WSAPI}/<type>`, () => {
  test.each([
    ['/user', 4],
    ['/subscription', 1],
    ['/workspace', 2],
    ['/project', 3],
    ['/hierarchicalrequirement', 64],
    ['/defect', 16],
    ['/task', 63],
    ['/iteration', 12],
    ['/userprofile', 4],
    ['/HierarchicalRequirement', 64],
  ])('%s finds %i objects', async (path, count) => {
    const result = await ada.query(path, { query: '(ObjectID > 0)' });

    expect(result).toMatchObject({ Errors: [], TotalResultCount: count });
  });

  test('/subscription alone is the one that there is', async () => {
    const { body } = await ada.get('/subscription');

    expect(body).toMatchObject({
      Subscription: {
        _ref: `${sandbox.url}${WSAPI}/subscription/50001`,
        Name: 'Farm Co',
        Workspaces: { _type: 'Workspace', Count: 2 },
        Errors: [],
        Warnings: [],
      },
    });
  });

  test('/user has the fields of the toolkits’ fixtures, typed as there', async () => {
    expect(await ada.object('/user')).toMatchObject({
      _refObjectUUID: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-/),
      _objectVersion: '1',
      _CreatedAt: expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}$/),
      CreationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      Disabled: false,
      SubscriptionAdmin: false,
      Subscription: { _refObjectName: 'Farm Co', _type: 'Subscription' },
      UserProfile: { _ref: `${sandbox.url}${WSAPI}/userprofile/70002`, _type: 'UserProfile' },
      TeamMemberships: {
        _ref: `${sandbox.url}${WSAPI}/User/70001/TeamMemberships`,
        _type: 'Project',
        Count: 2,
      },
    });
  });

  test('shows a disabled person as such, and a deleted one nowhere', async () => {
    const sol = wsapiCaller(sandbox, 'sol@example.test');
    const [person] = sandbox.world.rally.people;
    if (person) person.status = 'deleted';

    expect(await sol.object('/user/70031')).toMatchObject({ Disabled: true });
    expect(await sol.object('/user/70001')).toMatchObject({
      Errors: ['Cannot find object to read'],
    });
    expect((await sol.query('/user', { query: '' })).TotalResultCount).toBe(3);
    expect(await sol.object(`${STORIES}/81001`)).toMatchObject({ Owner: null });
    expect(await sol.query(STORIES, { query: '(Owner = null)' })).toMatchObject({
      TotalResultCount: 60,
    });
  });

  test.each([
    '/tag',
    '/artifact',
    '/__proto__',
    '/constructor',
    '/hierarchicalrequirement/81001/X',
  ])('%s is not there, and Jetty says so', async (path) => {
    const { status, text } = await ada.get(path);

    expect(status).toBe(404);
    expect(text).toContain('<h1>Error 404 Not Found</h1>');
  });

  test('a path that cannot be decoded is the client’s fault', async () => {
    expect((await ada.get('/user/%E0')).status).toBe(400);
  });
});

describe(`GET ${WSAPI}/<type>/<ObjectID>/<Collection>`, () => {
  test.each([
    ['/hierarchicalrequirement/81003/Tasks', 'Task', 2],
    ['/hierarchicalrequirement/81001/Children', 'HierarchicalRequirement', 2],
    ['/User/70001/TeamMemberships', 'Project', 2],
    ['/user/70021/teammemberships', 'Project', 0],
    ['/workspace/50101/Projects', 'Project', 3],
    ['/subscription/50001/Workspaces', 'Workspace', 2],
    ['/project/60001/Children', 'Project', 1],
    ['/project/60002/TeamMembers', 'User', 2],
    ['/project/60001/Iterations', 'Iteration', 4],
  ])('%s is a QueryResult of %ss: %i', async (path, type, count) => {
    const result = await ada.query(path);

    expect(result).toMatchObject({ Errors: [], TotalResultCount: count });
    expect(result.Results.map((row) => row['_type'])).toEqual(Array(count).fill(type));
  });

  test('counts in an object what its collection holds', async () => {
    const story = await ada.object(`${STORIES}/81003`);

    expect(story['Tasks']).toEqual({
      _ref: `${sandbox.url}${WSAPI}/HierarchicalRequirement/81003/Tasks`,
      _type: 'Task',
      Count: 2,
    });
  });

  test('can be searched and ordered like a type', async () => {
    const path = '/workspace/50101/Projects';

    expect(names(await ada.query(path, { query: '(Parent = null)', order: 'Name desc' }))).toEqual([
      'Field',
      'Barn',
    ]);
    expect(await ada.object('/workspace/1/Projects')).toMatchObject({
      Errors: ['Cannot find object to read'],
    });
  });
});

describe('workspace and project', () => {
  const farm = '/workspace/50101';
  const orchard = '/workspace/50201';
  const barn = '/project/60001';
  const parlour = '/project/60003';

  test.each([
    ['nothing: the default workspace', {}, 64],
    ['a workspace', { workspace: orchard }, 6],
    ['its whole address', { workspace: `https://rally1.rallydev.com${WSAPI}${orchard}` }, 6],
    ['a project with its children', { project: barn }, 32],
    ['a project alone', { project: barn, projectScopeDown: 'false' }, 26],
    ['a child with its parent', { project: parlour }, 32],
    ['a child alone', { project: parlour, projectScopeUp: 'false' }, 6],
    ['project=null: the whole workspace', { project: 'null', workspace: farm }, 64],
    ['a project of another workspace', { project: '/project/60101' }, 6],
  ])('asks for %s', async (_what, parameters, count) => {
    expect(await ada.query(STORIES, parameters)).toMatchObject({
      Errors: [],
      TotalResultCount: count,
    });
  });

  test.each([
    { workspace: '/workspace/1' },
    { workspace: 'Farm' },
    { workspace: '/project/60001' },
    { project: '/project/1' },
    { project: barn, workspace: orchard },
  ])('%j is an error, not an empty result', async (parameters) => {
    expect(await ada.query(STORIES, parameters)).toMatchObject({
      Errors: ['Cannot find object to read'],
      Results: [],
    });
  });
});

describe('query, order and fetch through references', () => {
  test.each([
    ['/task', '(WorkProduct.FormattedID = "US3")', 2],
    ['/hierarchicalrequirement', '(Project.Parent.Name = "Barn")', 6],
    ['/hierarchicalrequirement', '(PlanEstimate = 3.0)', 9],
    ['/hierarchicalrequirement', '(PlanEstimate > 8)', 9],
    ['/hierarchicalrequirement', '(PlanEstimate <= 13)', 55],
    ['/hierarchicalrequirement', '(PlanEstimate != null)', 55],
    ['/hierarchicalrequirement', '(CreationDate > 2001-01-01)', 64],
    ['/hierarchicalrequirement', '(CreationDate < "2001-01-01T00:00:00.000Z")', 0],
    ['/hierarchicalrequirement', '(AcceptedDate > 2001-01-01)', 15],
    ['/hierarchicalrequirement', '(Iteration.StartDate < 2001-01-01)', 0],
    ['/iteration', '(State = "Committed")', 3],
    ['/defect', '((State != "Closed") AND (Requirement = null))', 4],
    ['/user', '(Disabled = true)', 1],
    ['/user', '(Owner.Name = "x")', undefined],
    ['/hierarchicalrequirement', '(Colour = "red")', undefined],
    ['/hierarchicalrequirement', '(Name.First = "x")', undefined],
    ['/hierarchicalrequirement', '(Blocked = perhaps)', undefined],
    ['/hierarchicalrequirement', '(PlanEstimate > soon)', undefined],
    ['/hierarchicalrequirement', '(__proto__ = null)', undefined],
    ['/hierarchicalrequirement', '(constructor.name = "Object")', undefined],
  ])('%s by %s: %s', async (path, query, count) => {
    const result = await ada.query(path, { query });

    if (count === undefined) {
      expect(result.Errors).toEqual([
        expect.stringMatching(
          /^Could not read: could not read all instances of class com\.f4tech\.slm\.domain\.[A-Z]/,
        ),
      ]);
    } else {
      expect(result).toMatchObject({ Errors: [], TotalResultCount: count });
    }
  });

  test('refuses a query that is nested deeper than any program nests', async () => {
    const nested = (depth: number) =>
      ada.query(`${STORIES}?query=${'('.repeat(depth)}ObjectID%20=%2081001${')'.repeat(depth)}`);

    expect((await nested(900)).TotalResultCount).toBe(1);
    expect((await nested(7000)).Errors).toEqual([expect.stringMatching(/^Could not parse: /)]);
  });

  test('orders by a field of a field, then by the next key', async () => {
    const order = 'Project.Name desc,ObjectID desc';
    const { Results } = await ada.query(STORIES, { order, fetch: 'ObjectID', pagesize: '64' });
    const ids = Results.map((row) => row['ObjectID']);

    expect(ids.slice(0, 2)).toEqual([81055, 81045]); // Milking parlour
    expect(ids.slice(6, 8)).toEqual([81064, 81062]); // Field
    expect(ids.at(-1)).toBe(81001); // Barn
  });

  test('orders by no field that there is not', async () => {
    expect((await ada.query(STORIES, { order: 'Colour' })).Errors).toHaveLength(1);
  });

  test('fetches the same names from the objects in the fields', async () => {
    const fetch = 'FormattedID,Owner,UserName,Project,Parent,Name';
    const { Results } = await ada.query('/hierarchicalrequirement', {
      query: '(FormattedID = "US5")',
      fetch,
    });

    expect(Results[0]).toMatchObject({
      Owner: { UserName: 'ada@example.test', _type: 'User' },
      Project: { Name: 'Milking parlour', Parent: { Name: 'Barn', Parent: null } },
    });
    expect(Results[0]?.['Owner']).not.toHaveProperty('DisplayName');
  });

  test('does not follow fields in a circle for ever', async () => {
    const user = await ada.object('/user', { fetch: 'UserProfile,DefaultProject,Owner' });

    expect(user['UserProfile']).toMatchObject({ DefaultProject: { Owner: { _type: 'User' } } });
  });
});

describe(`GET ${WSAPI}${STORIES}`, () => {
  test('is packed for a client that can unpack it, and plain for one that cannot', async () => {
    const [packed, plain] = [
      await ada.get(STORIES),
      await ada.get(STORIES, {}, { 'Accept-Encoding': 'identity' }),
    ];

    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['vary']).toContain('Accept-Encoding');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.headers['vary']).toContain('Accept-Encoding');
    expect(plain.text).toBe(packed.text);
  });

  test('is the same at every start on the same day', async () => {
    const world = async (caller: WsapiCaller, { url }: Sandbox) => {
      const { text } = await caller.get(STORIES, { fetch: 'true', pagesize: '200' });
      return text.replaceAll(url, '');
    };
    const another = await startSandboxAlone();

    expect(await world(wsapiCaller(another), another)).toBe(await world(ada, sandbox));
  });
});
