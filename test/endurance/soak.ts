// `npm run soak`: ten minutes (or as many as are asked for) of people who sign in, read, paste keys, log
// out and leave, while the sandbox fails at random. Nothing may end the process, its memory must stay
// where it is after the warm-up, every answer must be one that the app promises, and no secret may
// stand in what it prints. Sessions are in memory, or in Redis with REDIS_URL.
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import { createKey, logIn } from '../support/rally.js';
import { askFor } from '../support/sandbox.js';
import { endRuns, freePort, printed, run } from '../support/process.js';
import { Visitor, type Page } from '../support/visitor.js';
import { judge, residentMb } from './memory.js';
import { oneOf, Person } from './person.js';
import { Printed } from './printed.js';

const MINUTES = Number(process.argv[2] ?? 10);
const PEOPLE = 24;
const SAMPLE_EVERY_MS = 2_000;
const FAIL_ANEW_EVERY_MS = 1_500;

/** Every status that DESIGN names, and a 500 only for a registration that is wrong. */
const STATUSES = [200, 302, 303, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504];
const OUR_FAULT = 'Something went wrong here';

const faults = new Map<string, number>();
const statuses = new Map<string, number>();
const count = (counts: Map<string, number>, what: string) =>
  counts.set(what, (counts.get(what) ?? 0) + 1);
const fault = (what: string) => count(faults, what);

// Two processes, as a provider and its client are.
const [appPort, sandboxPort] = [await freePort(), await freePort()];
const appUrl = `http://localhost:${appPort}`;
const sandboxUrl = `http://localhost:${sandboxPort}`;
const sandbox = run('dist/sandbox/main.js', {
  SANDBOX_PORT: String(sandboxPort),
  SANDBOX_TOKEN_TTL_S: '20', // so that tokens are renewed all the time
  SERVER_URL: appUrl,
});
await printed(sandbox, 'GOCD_CLIENT_SECRET=');
const settings = Object.fromEntries(
  [...sandbox.output().matchAll(/^ {2}((?:RALLY|GOCD)_\w+)=(.+)$/gm)].map(([, name, value]) => [
    name ?? '',
    value ?? '',
  ]),
);
const app = run('dist/server.js', {
  ...settings,
  PORT: String(appPort),
  LOG_LEVEL: 'debug',
  // As on a small dyno. Without a limit V8 tidies up the later the more memory the machine has, and
  // what is only late looks like a leak; with it a leak ends the process.
  NODE_OPTIONS: '--max-old-space-size=384',
  RATE_LIMIT_PER_MINUTE: '0',
  UPSTREAM_TIMEOUT_MS: '1000', // what hangs shall not hang for long
  SESSION_SECRET: 'a secret of the tests, of thirty-two characters or more',
  ...(process.env['REDIS_URL'] && { REDIS_URL: process.env['REDIS_URL'] }),
});
const output = new Printed(app.child);
await printed(app, 'The app is at');
const hasEnded = () => app.child.exitCode !== null || app.child.signalCode !== null;

const credentials = { rally: await rallyKey(), gocd: await gocdToken() };
for (const secret of [...Object.values(credentials), ...secretsIn(settings)]) {
  output.keepSecret(secret);
}

const until = performance.now() + MINUTES * 60_000;
const isOver = () => performance.now() > until || hasEnded();
const samples: number[] = [];
let slowestHealthz = 0;
console.log(`${PEOPLE} people for ${MINUTES} min at ${appUrl}`);
await Promise.all([
  ...Array.from({ length: PEOPLE }, live),
  failAnew(),
  every(SAMPLE_EVERY_MS, () => samples.push(residentMb(app.child.pid ?? 0))),
  every(250, askHealthz),
]);

if (hasEnded()) fault('the process ended by itself');
app.child.kill('SIGTERM');
const exitCode = await app.exit;
if (exitCode !== 0) fault(`the process ended with ${String(exitCode)}`);
for (const what of output.faults()) fault(what);
const memory = judge(samples);
if (!memory.isFlat) fault('the memory grew');
await endRuns();
report();

async function live(): Promise<void> {
  while (!isOver()) {
    // Browsers are closed and opened; their sessions stay behind, as they do in life.
    const person = new Person({
      app: appUrl,
      sandbox: sandboxUrl,
      credentials,
      look,
      keepSecret: (secret) => {
        output.keepSecret(secret);
      },
    });
    for (let acts = 0; acts < 100 && !isOver(); acts++) {
      await person.act().catch((error: unknown) => {
        if (!isOver()) fault(error instanceof Error ? error.message : String(error));
      });
    }
  }
}

/** Holds a page of the app to what it promises. */
function look(page: Page, asked: string): void {
  count(statuses, String(page.status));
  if (!STATUSES.includes(page.status)) fault(`${asked}: status ${page.status}`);
  if (page.status < 400) return;
  const title = page.$('h1').text();
  if (title === OUR_FAULT) fault(`${asked}: ${OUR_FAULT}`);
  // A form that is shown once more says by itself what is wrong with it.
  if (page.$('form [name=credential]').length > 0) return;
  const id = page.$('.hint code').text();
  if (id === '') fault(`${asked}: ${page.status} without an id`);
  else output.expectId(id);
}

/**
 * Switches other failures on, over and over. Each has its turn in the warm-up, so that the largest
 * answers have been there when the memory is judged; then what strikes, and how often, is random.
 */
async function failAnew(): Promise<void> {
  const { text } = await supertest(sandboxUrl).get('/_sandbox/failures');
  const { failures: names } = JSON.parse(text) as { failures: string[] };
  const untried = [...names];
  const warmUpMs = (MINUTES * 60_000) / 3;
  await every(Math.min(FAIL_ANEW_EVERY_MS, warmUpMs / names.length), async () => {
    await switchTo({ off: 'all' });
    const next = untried.pop();
    if (next !== undefined) await switchTo({ name: next, seconds: 0.5 });
    else if (Math.random() < 0.7) {
      await switchTo({ name: oneOf(...names), times: oneOf(1, 5, 20), seconds: 0.5 });
      await switchTo({ name: oneOf(...names), times: oneOf(1, 5), seconds: 0.5 });
    }
    if (Math.random() < 0.1) await switchTo({ name: 'expire-access-tokens' });
  });
}

async function switchTo(change: object): Promise<void> {
  await supertest(sandboxUrl).post('/_sandbox/failures').send(change);
}

async function askHealthz(): Promise<void> {
  const from = performance.now();
  const { status } = await supertest(appUrl).get('/healthz');
  slowestHealthz = Math.max(slowestHealthz, performance.now() - from);
  if (status !== 200) fault(`GET /healthz: ${status}`);
}

async function every(ms: number, work: () => unknown): Promise<void> {
  while (!isOver()) {
    await work();
    await delay(ms);
  }
}

async function rallyKey(): Promise<string> {
  const { value } = await createKey({ url: sandboxUrl }, await logIn({ url: sandboxUrl }));
  return value;
}

async function gocdToken(): Promise<string> {
  const visitor = new Visitor();
  const page = await askFor(visitor, new URL(`${sandboxUrl}/go/access_tokens`), 'ada');
  const created = await visitor.submit(page, '#new-access-token', { description: 'a token' });
  return created.$('#new-token').text();
}

function secretsIn(environment: Record<string, string>): string[] {
  return Object.entries(environment)
    .filter(([name]) => name.endsWith('_SECRET'))
    .map(([, value]) => value);
}

function report(): void {
  const total = [...statuses.values()].reduce((a, b) => a + b, 0);
  const table = [...statuses].sort().map(([status, times]) => `${status}: ${times}`);
  console.log(
    `${total} answers, ${Math.round(total / MINUTES / 60)} a second (${table.join(', ')})`,
  );
  console.log(`memory: ${memory.words}`);
  console.log(`slowest /healthz: ${Math.round(slowestHealthz)} ms`);
  console.log(`printed: ${output.lines} lines, searched for ${output.secrets} secrets`);
  for (const [what, times] of faults) console.log(`FAULT ${what} (${times} times)`);
  if (faults.size === 0) console.log('All is well.');
  process.exitCode = faults.size === 0 ? 0 : 1;
}
