// WEB_CONCURRENCY: several processes on one port. It is the compiled app, as Foreman and Heroku run it,
// on a real Redis. slow/workers.test.ts kills and stops them.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { endRuns, printed } from './support/process.js';
import { findRedisServer, RedisServer } from './support/redis-server.js';
import { Visitor } from './support/visitor.js';
import {
  expectSignedInAt,
  runWorkers,
  signInOverBoth,
  workersOf,
  type Workers,
} from './support/workers.js';

// Without a redis-server, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithRedis = findRedisServer() ? describe : describe.skip;

jest.setTimeout(60_000); // three processes start on a machine that may have other work

describeWithRedis('WEB_CONCURRENCY=2 with a Redis and nothing else configured', () => {
  let redis: RedisServer;
  let server: Workers;

  beforeAll(async () => {
    redis = await RedisServer.start();
    server = await runWorkers({ REDIS_URL: redis.url });
    await printed(server, 'a person who may view no pipeline');
  });
  afterAll(async () => {
    await endRuns();
    await redis.close();
  });

  test('two workers serve, and where the app and its one sandbox are is said once', async () => {
    const pids = await workersOf(server, 2);

    expect(pids).not.toContain(server.child.pid);
    expect(server.output().match(/The app is at/g)).toHaveLength(1);
    expect(server.output().match(/The sandbox stands in/g)).toHaveLength(1);
    expect((await new Visitor().visit(server.url)).text).toContain('No provider is configured');
  });

  test('a sign-in that one of them began the other ends, and both know it', async () => {
    const pids = await workersOf(server, 2);

    await expectSignedInAt(server, pids, await signInOverBoth(server));
  });
});
