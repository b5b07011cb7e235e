// WEB_CONCURRENCY: workers that are killed, hang or are stopped while they have a request in flight.
// ../workers.test.ts has what is common.
import { createServer } from 'node:http';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { endRuns, printed } from '../support/process.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { listen, stop } from '../support/start.js';
import { comeBack, hold, json, startStubProvider } from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';
import {
  expectSignedInAt,
  runWorkers,
  signInOverBoth,
  workersOf,
  type Workers,
} from '../support/workers.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(60_000); // three processes start on a machine that may have other work

let redis: RedisServer | undefined;
beforeAll(async () => {
  if (findRedisServer()) redis = await RedisServer.start();
});
afterAll(() => redis?.close());

describeWithRedis('WEB_CONCURRENCY=2 with a Redis and nothing else configured', () => {
  let server: Workers;

  beforeEach(async () => {
    await redis?.empty();
    server = await runWorkers({ REDIS_URL: redis?.url ?? '' });
    await printed(server, 'a person who may view no pipeline');
  });
  afterEach(endRuns);

  test('a worker that is killed is replaced, and nobody is signed out', async () => {
    const [killed = 0, stays = 0] = await workersOf(server, 2);
    const visitor = await signInOverBoth(server);
    process.kill(killed, 'SIGKILL');
    await printed(server, `"pid":${killed},"code":null,"signal":"SIGKILL"`);
    const [replacement = 0] = await workersOf(server, 1, [killed, stays]);

    await expectSignedInAt(server, [stays, replacement], visitor);
  });

  test('the first process, when it is killed, leaves no worker behind', async () => {
    await workersOf(server, 2);
    server.child.kill('SIGKILL');

    // The end of its output: they would hold it open.
    expect(await server.exit).toBeNull();
  });

  test('a worker that hangs does not outlive a second SIGTERM', async () => {
    const [hanging = 0] = await workersOf(server, 2);
    process.kill(hanging, 'SIGSTOP');
    const again = setInterval(() => server.child.kill('SIGTERM'), 50);

    expect(await server.exit).toBe(0);
    clearInterval(again);
  });
});

describeWithRedis('WEB_CONCURRENCY=2 with a request in flight', () => {
  const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';
  const EMPTY = json({
    QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] },
  });
  let stub: Awaited<ReturnType<typeof startStubProvider>>;
  let server: Workers;
  let pids: readonly number[];
  let page: Promise<Response>;
  let answerNow: () => void;

  beforeEach(async () => {
    await redis?.empty();
    stub = await startStubProvider();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    stub.answers.set(
      '/slm/webservice/v2.0/user',
      json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
    );
    server = await runWorkers({
      REDIS_URL: redis?.url ?? '',
      LOG_LEVEL: 'info',
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    });
    await printed(server, 'The app is at');
    pids = await workersOf(server, 2);
    const signedIn = await comeBack(new Visitor(), server, 'rally');
    const Cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const held = hold(stub, STORIES, EMPTY);
    page = fetch(`${server.url}/rally`, { headers: { Cookie } });
    answerNow = await held;
  });
  afterEach(async () => {
    await endRuns();
    await stub.close();
  });

  test('SIGTERM to the first process, as Heroku sends it, lets it finish and exits 0', async () => {
    server.child.kill('SIGTERM');
    await printed(server, /(?:finishing what is in flight[^]*){3}/);
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(0);
  });

  test('SIGINT to all of them, as Ctrl-C sends it, lets it finish and exits 0', async () => {
    for (const pid of [...pids, server.child.pid ?? 0]) process.kill(pid, 'SIGINT');
    await printed(server, /(?:finishing what is in flight[^]*){3}/);
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(0);
  });

  test('a second SIGTERM ends all of them at once', async () => {
    server.child.kill('SIGTERM');
    await printed(server, 'finishing what is in flight');
    const again = setInterval(() => server.child.kill('SIGTERM'), 50);

    await expect(page).rejects.toThrow(/fetch failed/);
    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain('their time is over');
    clearInterval(again);
  });
});

describeWithRedis('WEB_CONCURRENCY=2 with a port that is taken', () => {
  test('says so once, and exits 1', async () => {
    const blocker = createServer();
    const port = await listen(blocker);
    const server = await runWorkers({ REDIS_URL: redis?.url ?? '', PORT: String(port) });

    expect(await server.exit).toBe(1);
    expect(server.output()).toMatch(new RegExp(`^Port ${port} is in use.*\n$`));
    await stop(blocker);
  });
});

describe('WEB_CONCURRENCY=2 without a Redis', () => {
  afterEach(endRuns);

  test('is left aside on Heroku, which sets it by itself, with one warning', async () => {
    const server = await runWorkers({ DYNO: 'web.1', SERVER_URL: 'http://localhost' });
    await printed(server, 'a person who may view no pipeline');

    expect(await workersOf(server, 1)).toEqual([server.child.pid]);
    expect(server.output().match(/"level":"warn".*WEB_CONCURRENCY/g)).toHaveLength(1);
  });
});
