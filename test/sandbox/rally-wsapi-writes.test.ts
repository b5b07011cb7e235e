// Creating, changing and deleting work by WSAPI. Everything that is understood has status 200.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { closeSandboxes, startSandboxAlone, type Answer } from '../support/sandbox.js';
import { WSAPI, wsapiCaller, type Row, type WsapiCaller } from '../support/wsapi.js';

const STORIES = '/hierarchicalrequirement';

let sandbox: Sandbox;
let ada: WsapiCaller;
let administrator: WsapiCaller;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  ada = wsapiCaller(sandbox);
  administrator = wsapiCaller(sandbox, 'sol@example.test');
});

afterEach(closeSandboxes);

describe(`POST ${WSAPI}/<type>/create`, () => {
  test.each(['post', 'put'] as const)(
    'makes a story by %s, which can then be read',
    async (method) => {
      const answer = await ada.send(method, `${STORIES}/create`, {
        HierarchicalRequirement: { Name: 'Gate', Owner: '/user/70001', PlanEstimate: 3 },
      });
      const object = created(answer);

      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ CreateResult: { Errors: [], Warnings: [] } });
      expect(object).toMatchObject({
        FormattedID: 'US65',
        Name: 'Gate',
        ScheduleState: 'Defined',
        PlanEstimate: 3,
        Blocked: false,
        Owner: { _refObjectName: 'Ada Finch' },
        Project: { _refObjectName: 'Barn' },
        Workspace: { _refObjectName: 'Farm' },
        _type: 'HierarchicalRequirement',
      });
      expect(await ada.query(STORIES, { query: '(FormattedID = "US65")' })).toMatchObject({
        TotalResultCount: 1,
      });
    },
  );

  test('changes a story by PUT, too, as one of Rally’s toolkits does', async () => {
    const answer = await ada.send('put', `${STORIES}/81001`, {
      HierarchicalRequirement: { Name: 'Gate' },
    });

    expect(answer.body).toMatchObject({
      OperationResult: { Errors: [], Object: { Name: 'Gate' } },
    });
  });

  test('puts a task beside its story, in the same project', async () => {
    const answer = await ada.send('post', '/task/create', {
      task: { Name: 'Saw', WorkProduct: { _ref: `${sandbox.url}${WSAPI}${STORIES}/81002` } },
    });

    expect(created(answer)).toMatchObject({ Project: { _refObjectName: 'Field' } });
    expect((await ada.query(`${STORIES}/81002/Tasks`)).TotalResultCount).toBe(2);
  });

  test('counts FormattedIDs in each workspace for itself', async () => {
    const answer = await ada.send('post', `${STORIES}/create?project=/project/60101`, {
      HierarchicalRequirement: { Name: 'Ladder' },
    });

    expect(created(answer)).toMatchObject({
      FormattedID: 'US7',
      Workspace: { _refObjectName: 'Orchard' },
    });
  });

  test('warns of an element that it does not know, or does not let anybody set', async () => {
    const body =
      '{"defect":{"Name":"x","Foo":1,"ObjectID":5,"_ref":"y","__proto__":{"Name":"z"},"constructor":1}}';
    const answer = await ada.send('post', '/defect/create', body);
    const warning = (name: string) =>
      `Ignored JSON element defect.${name} during processing of this request.`;

    expect(answer.body).toMatchObject({
      CreateResult: {
        Errors: [],
        Warnings: [warning('Foo'), warning('ObjectID'), warning('constructor')],
        Object: { Name: 'x', FormattedID: 'DE17', State: 'Submitted' },
      },
    });
    expect(({} as Row)['Name']).toBeUndefined();
  });

  test.each([
    ['/defect', { Defect: {} }, 'Validation error: Defect.Name should not be null'],
    ['/defect', { Defect: { Name: '' } }, 'Validation error: Defect.Name should not be null'],
    ['/task', { Task: { Name: 'x' } }, 'Validation error: Task.WorkProduct should not be null'],
    [
      '/defect',
      { Defect: { Name: 'x', State: 'Odd' } },
      'Validation error: Defect.State "Odd" is not an allowed value',
    ],
    [
      '/defect',
      { Defect: { Name: 'x', PlanEstimate: 'big' } },
      'Could not convert: Cannot parse input value for Defect.PlanEstimate',
    ],
    [
      '/defect',
      { Defect: { Name: { no: 'text' } } },
      'Could not convert: Cannot parse input value for Defect.Name',
    ],
    [
      '/defect',
      { Defect: { Name: 'x', Owner: '/user/1' } },
      'Could not read: Could not read referenced object /user/1',
    ],
    [
      '/defect',
      { Defect: { Name: 'x', Owner: '/project/60001' } },
      'Could not read: Could not read referenced object /project/60001',
    ],
    ['/defect', { Story: { Name: 'x' } }, 'Cannot find JSON element Defect in this request'],
    ['/defect', { Defect: null }, 'Cannot find JSON element Defect in this request'],
    ['/defect', [1], 'Cannot find JSON element Defect in this request'],
    [
      '/workspace',
      { Workspace: { Name: 'x' } },
      'Not authorized to perform action: create Workspace',
    ],
  ])('makes no %s of %j', async (path, body, error) => {
    const count = async () => (await ada.query(path, { query: '' })).TotalResultCount;
    const before = await count();
    const answer = await ada.send('post', `${path}/create`, body);

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ CreateResult: { Errors: [error], Warnings: [] } });
    expect(await count()).toBe(before);
  });

  test.each([
    ['broken JSON', '{"Defect":', 400],
    ['a body that is too large', JSON.stringify({ Defect: { Name: 'x'.repeat(1_100_000) } }), 413],
  ])('refuses %s in an envelope', async (_what, body, status) => {
    const answer = await ada.send('post', '/defect/create', body);

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      OperationResult: { Errors: [expect.stringMatching(/^Could not parse: /)], Warnings: [] },
    });
  });
});

describe(`POST ${WSAPI}/<type>/<ObjectID>`, () => {
  test('changes the fields that are sent, and those that follow from them', async () => {
    const answer = await ada.send('post', `${STORIES}/81001`, {
      HierarchicalRequirement: { ScheduleState: 'Accepted', Owner: null },
    });

    expect(answer.body).toMatchObject({ OperationResult: { Errors: [], Warnings: [] } });
    const story = await ada.object(`${STORIES}/81001`);
    expect(story).toMatchObject({
      _objectVersion: '2',
      FormattedID: 'US1',
      ScheduleState: 'Accepted',
      Owner: null,
      AcceptedDate: expect.any(String),
    });
    expect(story['LastUpdateDate']).toBe(story['AcceptedDate']);
  });

  test('refuses a change of an object that somebody else has changed since', async () => {
    const change = { HierarchicalRequirement: { _objectVersion: '1', Ready: true } };
    await ada.send('post', `${STORIES}/81001`, change);
    const answer = await administrator.send('post', `${STORIES}/81001`, change);

    expect(answer.body).toEqual({
      OperationResult: {
        Errors: [
          'Concurrency conflict: [Object has been modified since being read for update in this context]',
        ],
        Warnings: [],
      },
    });
  });

  test('changes nothing when one of several fields is wrong', async () => {
    const change = { HierarchicalRequirement: { Name: 'New', Iteration: '/iteration/1' } };
    await ada.send('post', `${STORIES}/81001`, change);

    expect(await ada.object(`${STORIES}/81001`)).toMatchObject({
      _objectVersion: '1',
      Name: expect.stringContaining('Barn door sensor'),
    });
  });

  test.each(['/defect/1', `${STORIES}/x`])('%s is not there', async (path) => {
    const answer = await ada.send('post', path, { Defect: {} });

    expect(answer.body).toEqual({
      OperationResult: { Errors: ['Cannot find object to read'], Warnings: [] },
    });
  });

  test('lets the subscription administrator alone disable a person, whose key then ends', async () => {
    const change = { User: { Disabled: true, UserName: 'other' } };
    const refused = await ada.send('post', '/user/70021', change);
    const done = await administrator.send('post', '/user/70001', change);

    expect(refused.body).toEqual({
      OperationResult: { Errors: ['Not authorized to perform action: update User'], Warnings: [] },
    });
    expect(done.body).toMatchObject({
      OperationResult: {
        Errors: [],
        Warnings: ['Ignored JSON element user.UserName during processing of this request.'],
        Object: { Disabled: true, UserName: 'ada@example.test' },
      },
    });
    expect((await ada.get('/user')).status).toBe(401);
    expect(await administrator.object('/user/70021')).toMatchObject({ Disabled: false });
  });
});

describe(`DELETE ${WSAPI}/<type>/<ObjectID>`, () => {
  test('deletes a story with its tasks, and lets its defects and children be', async () => {
    const children = await ada.query(`${STORIES}/81001/Children`, { fetch: 'ObjectID' });
    const tasks = await ada.query(`${STORIES}/81003/Tasks`, { fetch: 'ObjectID' });
    const [task] = tasks.Results;
    await ada.send('delete', `${STORIES}/81001`);
    const answer = await ada.send('delete', `${STORIES}/81003`);

    expect(answer.body).toMatchObject({ OperationResult: { Errors: [], Warnings: [] } });
    const gone = { Errors: ['Cannot find object to read'] };
    expect(await ada.object(`${STORIES}/81003`)).toMatchObject(gone);
    expect(await ada.object(`/task/${String(task?.['ObjectID'])}`)).toMatchObject(gone);
    expect(children.TotalResultCount).toBe(2);
    expect(await ada.object(`${STORIES}/81002`)).toMatchObject({ Parent: null });
    expect((await ada.query(STORIES)).TotalResultCount).toBe(62);
  });

  test('deletes no people and no places', async () => {
    const answer = await administrator.send('delete', '/user/70001');

    expect(answer.body).toEqual({
      OperationResult: { Errors: ['Not authorized to perform action: delete User'], Warnings: [] },
    });
    expect((await ada.get('/user')).status).toBe(200);
  });
});

function created({ body }: Answer): Row {
  return (body as { CreateResult: { Object: Row } }).CreateResult.Object;
}
