// Who may ask WSAPI, how often at once, and what strikes those who may.
import { once } from 'node:events';
import { request as open, type ClientRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { WSAPI, wsapiCaller } from '../support/wsapi.js';

let sandbox: Sandbox;
let key: string;
const pending: ClientRequest[] = [];

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  key = keyOf(0);
});

afterEach(async () => {
  jest.useRealTimers();
  for (const each of pending.splice(0)) each.destroy();
  await closeSandboxes();
});

describe(`${WSAPI}: zsessionid`, () => {
  test('shows a browser Jetty’s page, and a program JSON with the path as it was asked for', async () => {
    const ask = supertest(sandbox.url);
    const browser = await ask
      .get(`${WSAPI}/user`)
      .set('Accept', 'text/html,application/xhtml+xml,*/*;q=0.8');
    const program = await ask.get('/slm/webservice/v2.x/defect/1?fetch=Name');

    expect(browser.status).toBe(401);
    expect(browser.text).toContain('Full authentication is required to access this resource');
    expect(program.status).toBe(401);
    expect(program.body).toEqual({
      message: null,
      status: '401',
      url: '/slm/webservice/v2.x/defect/1',
    });
  });

  test('takes an API key, until keys are switched off for the subscription', async () => {
    const ada = wsapiCaller(sandbox);

    expect((await ada.get('/user')).status).toBe(200);
    sandbox.world.rally.apiKeys.areEnabled = false;
    expect((await ada.get('/user')).status).toBe(401);
  });

  test.each([
    ['another session', 'ZSESSIONID=other', 401],
    ['the same key', 'ZSESSIONID=KEY', 200],
    ['a cookie of another name', 'JSESSIONID=other', 200],
  ])('answers an API key beside %s in the cookie with %s %i', async (_what, cookie, status) => {
    const answer = await supertest(sandbox.url)
      .get(`${WSAPI}/user`)
      .set({ zsessionid: key, Cookie: cookie.replace('KEY', key) });

    expect(answer.status).toBe(status);
    if (status === 401) {
      expect(answer.body).toEqual({
        OperationResult: {
          Errors: ['Not authorized to perform action: Invalid key'],
          Warnings: [],
        },
      });
    }
  });

  test.each([
    ['post', '/defect/create'],
    ['put', '/defect/create'],
    ['post', '/defect/10000001'],
    ['delete', '/defect/10000001'],
  ] as const)('lets a read-only key read, and not %s %s', async (method, path) => {
    const reader = wsapiCaller(sandbox, 'ada@example.test', true);

    expect((await reader.get('/defect/10000001')).status).toBe(200);
    expect((await reader.send(method, path, { Defect: { Name: 'x' } })).status).toBe(401);
    expect(await reader.query('/defect')).toMatchObject({ TotalResultCount: 16 });
    expect(await reader.object('/defect/10000001')).toMatchObject({ _objectVersion: '1' });
  });
});

describe(`${WSAPI}: failures`, () => {
  test('strike who is authenticated, and nobody else', async () => {
    const failure = {
      name: 'wsapi-503',
      times: 1,
      client: undefined,
      provider: undefined,
      seconds: 1,
    };
    sandbox.world.failures.switchOn(failure);
    const ada = wsapiCaller(sandbox);

    expect((await supertest(sandbox.url).get(`${WSAPI}/user`)).status).toBe(401);
    expect((await ada.get('/user')).status).toBe(503);
    expect((await ada.get('/user')).status).toBe(200);
  });

  test('of one client strike its access tokens alone, and no API key', async () => {
    const { clients, grants, people } = sandbox.world.rally;
    const [client] = clients;
    const [person] = people;
    if (!client || !person) throw new Error('nobody is there');
    const code = grants.issueCode(grants.allow(client, person, ['alm']), {
      redirectUri: client.redirectUri,
      codeChallenge: undefined,
    });
    const line = grants.lineOfCode(code);
    const token = line && grants.issueTokens(line).accessToken;
    sandbox.world.failures.switchOn({
      name: 'wsapi-503',
      times: undefined,
      client: client.id,
      provider: 'rally',
      seconds: 1,
    });
    expect((await ask(token ?? '')).status).toBe(503);
    expect((await ask(key)).status).toBe(200);
  });
});

describe(`${WSAPI}: more than twelve requests at once`, () => {
  test('the thirteenth is slowed down, not refused', async () => {
    await holdRequests(12, key);
    const since = performance.now();
    const answer = await ask(key);

    expect(answer.status).toBe(200);
    expect(performance.now() - since).toBeGreaterThanOrEqual(240); // of 250: timers may round
  });

  test('the thirteenth is answered last, and nobody else waits with it', async () => {
    stopTimers();
    await holdRequests(12, key);
    const answered: string[] = [];
    const arrived = once(sandbox.server, 'request');
    const thirteenth = ask(key).then(() => answered.push('the thirteenth'));
    await arrived;
    await ask(keyOf(1)).then(() => answered.push('somebody else’s'));
    await ask(keyOf(1)).then(() => answered.push('another of somebody else’s'));
    jest.runAllTimers();
    await thirteenth;

    expect(answered).toEqual(['somebody else’s', 'another of somebody else’s', 'the thirteenth']);
  });

  test('a request that has been answered no longer counts: the next one does not wait', async () => {
    stopTimers();
    await holdRequests(11, key);

    for (let each = 0; each < 3; each++) expect((await ask(key)).status).toBe(200);
    expect(jest.getTimerCount()).toBe(0);
  });
});

/** What waits, waits until the test lets it go on. */
function stopTimers(): void {
  jest.useFakeTimers({
    doNotFake: [
      ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
      ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
    ],
  });
}

async function ask(zsessionid: string): Promise<{ readonly status: number }> {
  return supertest(sandbox.url).get(`${WSAPI}/user`).set({ zsessionid });
}

function keyOf(index: number): string {
  const { people, apiKeys } = sandbox.world.rally;
  const person = people[index];
  if (!person) throw new Error(`no person ${index}`);
  return apiKeys.create(person, 'test', false).secretKey;
}

/** Requests that are under way for as long as a test lasts: their bodies never end. */
async function holdRequests(count: number, zsessionid: string): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    const arrived = once(sandbox.server, 'request');
    const held = open(`${sandbox.url}${WSAPI}/defect/create`, {
      method: 'POST',
      headers: { zsessionid, 'Content-Type': 'application/json', 'Content-Length': '100' },
    });
    held.on('error', () => undefined); // it is cut at the end
    held.write('{');
    pending.push(held);
    await arrived;
  }
}
