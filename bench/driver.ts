// People, in a process of their own: they sign in, keep their cookies, and ask for pages. How much is
// asked is counted, never timed.
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What the people are to do. */
export interface Job {
  /** `signIn`: the dance, to the page it ends on. `enter`: without that page. */
  readonly act: 'signIn' | 'enter' | 'get' | 'download';
  /** Of the app; requests go to each in turn. */
  readonly urls: readonly string[];
  readonly path: string;
  readonly count: number;
  /** How many requests are under way at a time. */
  readonly connections: number;
  /** How long the reader of a download stops after its first bytes, in milliseconds. */
  readonly pauseMs?: number;
}

export interface Done {
  readonly seconds: number;
  readonly firstByteMs: number;
  readonly bytes: number;
  /** Of this process, for it shares the machine with what is measured. */
  readonly driverCpuMs: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const cookies: string[] = [];
let asked = 0;

process.on('message', (job: Job) => {
  run(job).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function run(job: Job): Promise<Done> {
  const { act, path, count, connections, pauseMs = 0 } = job;
  const url = () => job.urls[asked++ % job.urls.length] ?? '';
  const acts = {
    signIn: async () => {
      const { cookie, location } = await enter(url, path);
      await expectPage(url() + location, cookie);
    },
    enter: async () => {
      cookies.push((await enter(url, path)).cookie);
    },
    get: async (index: number) => {
      await expectPage(url() + path, cookies[index % cookies.length] ?? '');
    },
    download: async () => download(url() + path, cookies[0] ?? '', pauseMs),
  };
  const cpu = process.cpuUsage();
  const from = performance.now();
  let next = 0;
  let last = { firstByteMs: 0, bytes: 0 };
  const one = async () => {
    while (next < count) last = (await acts[act](next++)) ?? last;
  };
  await Promise.all(Array.from({ length: connections }, one));
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...last,
    seconds: (performance.now() - from) / 1000,
    driverCpuMs: (user + system) / 1000,
  };
}

/** From the button to the answer that says where the person may go on. */
async function enter(
  url: () => string,
  login: string,
): Promise<{ cookie: string; location: string }> {
  const begun = await expectRedirect(url() + login, '');
  const decided = await expectRedirect(begun.location, '');
  const { pathname, search } = new URL(decided.location);
  return expectRedirect(url() + pathname + search, begun.cookie);
}

async function expectRedirect(
  url: string,
  sent: string,
): Promise<{ cookie: string; location: string }> {
  const answer = await ask(url, sent);
  await read(answer);
  const { location = '', 'set-cookie': [set = ''] = [] } = answer.headers;
  if (location === '') throw new Error(`${url.split('?', 1)[0]}: ${answer.statusCode}`);
  return { location, cookie: set.split(';', 1)[0] ?? '' };
}

async function expectPage(url: string, cookie: string): Promise<void> {
  const answer = await ask(url, cookie);
  await read(answer);
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
}

async function download(
  url: string,
  cookie: string,
  pauseMs: number,
): Promise<{ firstByteMs: number; bytes: number }> {
  const from = performance.now();
  const answer = await ask(url, cookie);
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
  let firstByteMs = 0;
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (firstByteMs > 0) continue;
    firstByteMs = performance.now() - from;
    await delay(pauseMs);
  }
  return { firstByteMs, bytes };
}

async function ask(url: string, cookie: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: cookie ? { cookie } : {} }, resolve).once('error', reject);
  });
}

async function read(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.once('end', resolve).once('error', reject).resume();
  });
}
