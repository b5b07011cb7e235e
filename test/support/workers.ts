import { expect } from '@jest/globals';
import supertest from 'supertest';
import { freePort, run, type Run } from './process.js';
import { allow } from './dance.js';
import { askFor } from './sandbox.js';
import { Visitor, type Page } from './visitor.js';

// One app of several processes, each of whose answers says which of them it is from.

const SESSION_SECRET = 'a secret of the tests, of thirty-two characters or more';

/** Lets each answer say which process it is from, and each connection bring one request. */
const NAMED = `
  import { subscribe } from 'node:diagnostics_channel';
  subscribe('http.server.request.start', ({ response }) => {
    response.setHeader('X-Process', process.pid);
    response.setHeader('Connection', 'close');
  });`;

export interface Workers extends Run {
  readonly url: string;
}

export async function runWorkers(environment: Record<string, string>): Promise<Workers> {
  const port = await freePort();
  const process = run('dist/server.js', {
    PORT: String(port),
    SANDBOX_PORT: String(await freePort()),
    SANDBOX_STORIES: '3',
    SANDBOX_PIPELINES: '2',
    SESSION_SECRET,
    WEB_CONCURRENCY: '2',
    NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(NAMED).toString('base64')}`,
    ...environment,
  });
  return { ...process, url: `http://localhost:${port}` };
}

export const processOf = ({ headers }: Pick<Page, 'headers'>) => Number(headers['x-process']);

/** Asks until so many workers have answered that are not among those known before. */
export async function workersOf(
  { url }: Workers,
  count: number,
  before: readonly number[] = [],
): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const pid = processOf(await supertest(url).get('/healthz'));
    if (!before.includes(pid)) found.add(pid);
  }
  return [...found];
}

/** Somebody signs in, as often as it takes for one worker to begin it and the other to end it. */
export async function signInOverBoth({ url }: Workers): Promise<Visitor> {
  for (;;) {
    const visitor = new Visitor();
    const begun = await visitor.visit(`${url}/login/rally`);
    const consent = await askFor(visitor, begun.location, 'ada@example.test');
    const ended = await visitor.visit(await allow(visitor, consent));
    if (ended.status !== 303) throw new Error(`the sign-in ended with ${ended.status}`);
    if (processOf(begun) !== processOf(ended)) return visitor;
  }
}

/** Asks for the stories until both have answered. */
export async function expectSignedInAt(
  { url }: Workers,
  pids: readonly number[],
  visitor: Visitor,
): Promise<void> {
  const asked = new Set<number>();
  while (!pids.every((pid) => asked.has(pid))) {
    const page = await visitor.visit(`${url}/rally`);
    expect(page.$('h1').text()).toBe('Stories of Ada Finch');
    asked.add(processOf(page));
  }
}
