// Sign-ins with sessions in Redis: at one process, and at two that are asked in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { compare, inTurn, NotHere, type Case } from './measure.js';
import { APP, freePort, start, startDriver, startProvider, type Running } from './processes.js';

export const twoProcesses: Case = {
  name: 'two-processes',
  about:
    'Sign-ins at two processes that share a Redis, beside one. The driver and the provider take part of the cores that two processes would have: their share is taken off the time.',
  run: async (size) => {
    const redis = await startRedis();
    try {
      const count = 2500 * size.share;
      const of = await inTurn(size, [1, 2], (processes) => signIns(processes, count, redis.url));
      const one = of(1, 'perSecond');
      return [
        compare('per second', of(2, 'perSecond'), 'one process', one),
        compare('the same, driver taken off', of(2, 'withoutDriver'), 'one process', one, {
          atLeast: 1.5,
        }),
      ];
    } finally {
      await redis.stop();
    }
  },
};

async function signIns(
  processes: number,
  count: number,
  redisUrl: string,
): Promise<{ perSecond: number; withoutDriver: number }> {
  const provider = await startProvider();
  const apps: Running[] = [];
  for (let index = 0; index < processes; index++) {
    // One address for both, as behind a router: the redirect URI is made of it.
    const [first] = apps;
    const address = first && { SERVER_URL: first.url };
    apps.push(await start(APP, provider.url, { REDIS_URL: redisUrl, ...address }));
  }
  const driver = startDriver();
  try {
    const urls = apps.map(({ url }) => url);
    const job = { act: 'signIn', urls, path: '/login/rally', connections: 16 } as const;
    await driver.run({ ...job, count });
    const before = await provider.usage();
    const { seconds, driverCpuMs } = await driver.run({ ...job, count });
    const { cpuMs } = await provider.usage();
    const othersSeconds = (driverCpuMs + cpuMs - before.cpuMs) / 1000 / availableParallelism();
    return { perSecond: count / seconds, withoutDriver: count / (seconds - othersSeconds) };
  } finally {
    await Promise.all([driver.stop(), provider.stop(), ...apps.map((app) => app.stop())]);
  }
}

async function startRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--save', '', '--bind', '127.0.0.1'],
    {
      stdio: 'ignore',
    },
  );
  const failed = once(child, 'spawn').then(
    () => false,
    () => true,
  );
  if (await failed) throw new NotHere('there is no redis-server');
  await delay(500);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
