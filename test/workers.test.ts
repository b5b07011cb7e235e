// WEB_CONCURRENCY: several processes on one port. It is the compiled app, as Foreman and Heroku run it,
// on a real Redis.
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import supertest from 'supertest';
import { allow } from './support/dance.js';
import { endRuns, freePort, printed, run as runProgram, type Run } from './support/process.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { askFor } from './support/sandbox.js';
import { listen, stop } from './support/start.js';
import { comeBack, hold, json, startStubProvider } from './support/stub-provider.js';
import { Visitor, type Page } from './support/visitor.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(60_000); // three processes start on a machine that may have other work

const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';

/** Lets each answer say which process it is from, and each connection bring one request. */
const NAMED = `
  import { subscribe } from 'node:diagnostics_channel';
  subscribe('http.server.request.start', ({ response }) => {
    response.setHeader('X-Process', process.pid);
    response.setHeader('Connection', 'close');
  });`;

let url: string;

async function run(environment: Record<string, string>): Promise<Run> {
  const port = await freePort();
  url = `http://localhost:${port}`;
  return runProgram('dist/server.js', {
    PORT: String(port),
    SANDBOX_PORT: String(await freePort()),
    SESSION_SECRET,
    WEB_CONCURRENCY: '2',
    NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(NAMED).toString('base64')}`,
    ...environment,
  });
}

const processOf = ({ headers }: Pick<Page, 'headers'>) => Number(headers['x-process']);

/** Asks until so many workers have answered that are not among those known before. */
async function workers(count: number, before: readonly number[] = []): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const pid = processOf(await supertest(url).get('/healthz'));
    if (!before.includes(pid)) found.add(pid);
  }
  return [...found];
}

describeWithRedis('WEB_CONCURRENCY=2 with a Redis and nothing else configured', () => {
  let redis: RedisServer;
  let server: Run;

  beforeEach(async () => {
    redis = await RedisServer.start();
    server = await run({ REDIS_URL: redis.url });
    await printed(server, 'a person who may view no pipeline');
  });
  afterEach(async () => {
    await endRuns();
    await redis.close();
  });

  /** Somebody signs in, as often as it takes for one worker to begin it and the other to end it. */
  async function signInOverBoth(): Promise<Visitor> {
    for (;;) {
      const visitor = new Visitor();
      const begun = await visitor.visit(`${url}/login/rally`);
      const consent = await askFor(visitor, begun.location, 'ada@example.test');
      const ended = await visitor.visit(await allow(visitor, consent));
      expect(ended.status).toBe(303);
      if (processOf(begun) !== processOf(ended)) return visitor;
    }
  }

  /** Asks for the stories until both have answered. */
  async function expectSignedInAt(pids: readonly number[], visitor: Visitor): Promise<void> {
    const asked = new Set<number>();
    while (!pids.every((pid) => asked.has(pid))) {
      const page = await visitor.visit(`${url}/rally`);
      expect(page.$('h1').text()).toBe('Stories of Ada Finch');
      asked.add(processOf(page));
    }
  }

  test('two workers serve, and where the app and its one sandbox are is said once', async () => {
    const pids = await workers(2);

    expect(pids).not.toContain(server.child.pid);
    expect(server.output().match(/The app is at/g)).toHaveLength(1);
    expect(server.output().match(/The sandbox stands in/g)).toHaveLength(1);
    expect((await new Visitor().visit(url)).text).toContain('No provider is configured');
  });

  test('a sign-in that one of them began the other ends, and both know it', async () => {
    const pids = await workers(2);

    await expectSignedInAt(pids, await signInOverBoth());
  });

  test('a worker that is killed is replaced, and nobody is signed out', async () => {
    const [killed = 0, stays = 0] = await workers(2);
    const visitor = await signInOverBoth();
    process.kill(killed, 'SIGKILL');
    await printed(server, `"pid":${killed},"code":null,"signal":"SIGKILL"`);
    const [replacement = 0] = await workers(1, [killed, stays]);

    await expectSignedInAt([stays, replacement], visitor);
  });

  test('the first process, when it is killed, leaves no worker behind', async () => {
    await workers(2);
    server.child.kill('SIGKILL');

    // The end of its output: they would hold it open.
    expect(await server.exit).toBeNull();
  });

  test('a worker that hangs does not outlive a second SIGTERM', async () => {
    const [hanging = 0] = await workers(2);
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
  let redis: RedisServer;
  let stub: Awaited<ReturnType<typeof startStubProvider>>;
  let server: Run;
  let pids: readonly number[];
  let page: Promise<Response>;
  let answerNow: () => void;

  beforeEach(async () => {
    redis = await RedisServer.start();
    stub = await startStubProvider();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    stub.answers.set(
      '/slm/webservice/v2.0/user',
      json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
    );
    server = await run({
      REDIS_URL: redis.url,
      LOG_LEVEL: 'info',
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    });
    await printed(server, 'The app is at');
    pids = await workers(2);
    const signedIn = await comeBack(new Visitor(), { url }, 'rally');
    const Cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const held = hold(stub, STORIES, EMPTY);
    page = fetch(`${url}/rally`, { headers: { Cookie } });
    answerNow = await held;
  });
  afterEach(async () => {
    await endRuns();
    await Promise.all([stub.close(), redis.close()]);
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
    const redis = await RedisServer.start();
    const blocker = createServer();
    const port = await listen(blocker);
    const server = await run({ REDIS_URL: redis.url, PORT: String(port) });

    expect(await server.exit).toBe(1);
    expect(server.output()).toMatch(new RegExp(`^Port ${port} is in use.*\n$`));
    await stop(blocker);
    await redis.close();
  });
});

describe('WEB_CONCURRENCY=2 without a Redis', () => {
  afterEach(endRuns);

  test('is refused: sessions in memory belong to one process', async () => {
    const server = await run({});

    expect(await server.exit).toBe(1);
    expect(server.output()).toMatch(/WEB_CONCURRENCY .* REDIS_URL/);
  });

  test('is left aside on Heroku, which sets it by itself, with one warning', async () => {
    const server = await run({ DYNO: 'web.1', SERVER_URL: 'http://localhost' });
    await printed(server, 'a person who may view no pipeline');

    expect(await workers(1)).toEqual([server.child.pid]);
    expect(server.output().match(/"level":"warn".*WEB_CONCURRENCY/g)).toHaveLength(1);
  });
});
