// `npm run soak:anonymous`: 50,000 visits (or as many as are asked for) by people who only look
// around, to a process with its sessions in memory, and to one with them in Redis where there is one.
import { lookAround } from '../support/anonymous.js';
import { endRuns, freePort, printed, run } from '../support/process.js';
import { findRedisServer, RedisServer } from '../support/redis-server.js';
import { judge, residentMb } from './memory.js';

const VISITS = Number(process.argv[2] ?? 50_000);
const SAMPLES = 30;

const faults: string[] = [];

async function visitAll(environment: Record<string, string>): Promise<void> {
  const port = String(await freePort());
  const app = run('dist/server.js', {
    PORT: port,
    LOG_LEVEL: 'info',
    // Without a limit V8 tidies up the later the more there is; with it a leak ends the process.
    NODE_OPTIONS: '--max-old-space-size=64',
    // Nobody signs in, so nobody is asked there.
    RALLY_SERVER: 'http://localhost:9',
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    GOCD_SERVER: 'http://localhost:9/go',
    GOCD_CLIENT_ID: 'the-client',
    GOCD_CLIENT_SECRET: 'the-client-secret-of-gocd',
    ...environment,
  });
  await printed(app, 'The app is at');
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    await lookAround(`http://localhost:${port}`, Math.ceil(VISITS / SAMPLES));
    samples.push(residentMb(app.child.pid ?? 0));
  }
  const { isFlat, words } = judge(samples);
  console.log(`  memory: ${words}`);
  if (!isFlat) faults.push('the memory grew');
  app.child.kill('SIGTERM');
  const code = await app.exit;
  if (code !== 0) faults.push(`the process ended with ${String(code)}`);
  if (/"level":"(error|fatal)"/.test(app.output())) faults.push('the log has an error');
}

console.log(`${VISITS} visits, with sessions in memory`);
await visitAll({});
if (findRedisServer()) {
  console.log(`${VISITS} visits, with sessions in Redis`);
  const redis = await RedisServer.start();
  const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';
  await visitAll({ REDIS_URL: redis.url, SESSION_SECRET });
  const sessions = (await redis.dump()).split('\n').filter((line) => line.includes('session:'));
  console.log(`  sessions in Redis: ${sessions.length}`);
  if (sessions.length > 0) faults.push('sessions were kept');
  await redis.close();
}
await endRuns();
console.log(faults.length === 0 ? 'All is well.' : faults.join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;
