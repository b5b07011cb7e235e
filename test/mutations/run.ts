// npm run mutate: takes one defence after the other out of a copy of this tree, and looks whether the
// tests that are named for it fail. `npm run mutate -- A4 src/http.ts` does those of a clause, or of a
// file. It needs no build, and starts when the tests pass.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTATIONS, type Mutation } from './mutations.js';

const AT_ONCE = 2;
const LONGEST_RUN_MS = 240_000;
const COPIED = ['package.json', 'tsconfig.json', 'src', 'test', 'views', 'public'];

/** What became of a change. */
type Outcome =
  | 'killed'
  /** No test failed: the defence can be taken out, and nobody notices. */
  | 'survived'
  /** The code has changed since. */
  | 'does not apply'
  /** The change breaks more than a defence, or no test has that name. */
  | 'says nothing';

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

const wanted = process.argv.slice(2);
const chosen = MUTATIONS.filter(
  ({ clause, file }) => wanted.length === 0 || wanted.includes(clause) || wanted.includes(file),
);
const waiting = [...chosen];
const notKilled: string[] = [];

console.log(`${chosen.length} changes, ${AT_ONCE} at a time`);
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`${chosen.length - notKilled.length} of ${chosen.length} were noticed`);
for (const line of notKilled) console.log(line);
process.exitCode = notKilled.length > 0 || chosen.length === 0 ? 1 : 0;

/** One copy of the tree, for one change after the other. */
async function work(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'mutations-'));
  try {
    for (const name of COPIED) cpSync(name, join(copy, name), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
    for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
      const outcome = await tryOut(mutation, copy);
      const line = `${outcome}: ${mutation.clause} ${mutation.file}: ${mutation.find.trim()}`;
      console.log(line);
      if (outcome !== 'killed') notKilled.push(line);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function tryOut(mutation: Mutation, copy: string): Promise<Outcome> {
  const path = join(copy, mutation.file);
  const original = readFileSync(path, 'utf8');
  const changed = [mutation, ...(mutation.and ? [mutation.and] : [])].reduce(change, original);
  if (changed === undefined) return 'does not apply';
  writeFileSync(path, changed);
  try {
    return await judge(mutation, copy);
  } finally {
    writeFileSync(path, original);
  }
}

function change(
  text: string | undefined,
  { find, replace }: Pick<Mutation, 'find' | 'replace'>,
): string | undefined {
  const parts = text?.split(find);
  return parts?.length === 2 ? parts.join(replace) : undefined;
}

async function judge({ clause, tests, named }: Mutation, copy: string): Promise<Outcome> {
  const answer = join(copy, 'answer.json');
  rmSync(answer, { force: true });
  const jest = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      ...['--json', '--outputFile', answer, '--runInBand', '--bail', '--forceExit', tests],
      ...['--testNamePattern', named ?? `(^| )${clause} `],
    ],
    { cwd: copy, stdio: 'ignore', timeout: LONGEST_RUN_MS },
  );
  await new Promise((resolve) => jest.once('close', resolve));
  const { numFailedTests, numPassedTests } = read(answer);
  if (numFailedTests > 0) return 'killed';
  return numPassedTests > 0 ? 'survived' : 'says nothing';
}

function read(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return { numFailedTests: 0, numPassedTests: 0 };
  }
}
