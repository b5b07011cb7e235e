// npm run mutate: takes out one defence after the other in a copy of this tree, and runs the tests of its
// clause: one of them must fail. `npm run mutate -- A4` does this for a clause, or for a file by its path.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { readClauses, testsOf, type Clause } from './clauses.js';
import { findMutations, type Mutation } from './defences.js';
import { apply } from './operators.js';

const AT_ONCE = 2;
const LONGEST_RUN_MS = 240_000;
const LONGEST_FIRST_RUN_MS = 20 * 60_000;
/** Files that take less are run together: most mutations are noticed by them. */
const QUICK_MS = 4_000;
/** `dist` is not changed: a test that starts a process shows nothing here, but must not fail. */
const COPIED = ['package.json', 'tsconfig.json', 'src', 'test', 'views', 'public', 'dist'];

type Outcome =
  | 'noticed'
  /** No test failed: nothing shows that the defence is needed. */
  | 'survived'
  /** No test ran: the change breaks more than a defence. */
  | 'says nothing'
  | 'has no operator'
  | 'has no clause';

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  /** Test files that could not be loaded. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Why a test failed. */
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

interface JestConfig {
  readonly transform: Readonly<Record<string, readonly [string, object]>>;
}

/** How long each file of tests takes, by its name, when nothing is taken out. */
const tookMs = new Map<string, number>();

const jestConfig = withoutTypeChecks();
const wanted = process.argv.slice(2);
const clauses = new Map(readClauses().map((clause) => [clause.name, clause]));
const chosen = findMutations().filter((mutation) =>
  mutation.some(
    ({ clause, file }) => wanted.length === 0 || wanted.includes(clause) || wanted.includes(file),
  ),
);
const waiting = [...chosen];
const notNoticed: string[] = [];

const startedAt = performance.now();
if (chosen.length === 0) {
  console.error(`No tag and no file matches ${wanted.join(' ')}. G3 and G4 have no tags.`);
  process.exit(1);
}
console.log(`${chosen.length} mutations, ${AT_ONCE} at a time`);
if (await areTestsGreen()) {
  console.log(
    `their tests pass; the longest file takes ${Math.round(Math.max(...tookMs.values()) / 1000)} s`,
  );
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(
    `${chosen.length - notNoticed.length} of ${chosen.length} were noticed, in ${minutes} minutes`,
  );
  for (const line of notNoticed) console.log(line);
  process.exitCode = notNoticed.length > 0 ? 1 : 0;
} else {
  console.log(
    'These tests must pass, and `npm run build` must have been run, before anything is taken out.',
  );
  process.exitCode = 1;
}

/** Code without a defence may no longer fit its types, and must run all the same. */
function withoutTypeChecks(): string {
  const { jest } = JSON.parse(readFileSync('package.json', 'utf8')) as { jest: JestConfig };
  const transform = Object.entries(jest.transform).map(([files, [transformer, options]]) => [
    files,
    [transformer, { ...options, transpilation: true }],
  ]);
  return JSON.stringify({ ...jest, transform: Object.fromEntries(transform) as unknown });
}

/** A test that fails without any change would seem to notice everything. */
async function areTestsGreen(): Promise<boolean> {
  const names = new Set(chosen.map(([{ clause }]) => clause));
  const tests = [...clauses.values()].filter(({ name }) => names.has(name)).map(testsOf);
  return inCopy(async (copy) => {
    const files = [...new Set(tests.flatMap((each) => each.files))];
    const pattern = tests.map((each) => each.pattern).join('|');
    const options = [`--maxWorkers=${AT_ONCE}`];
    const report = await runTests(copy, files, pattern, options, LONGEST_FIRST_RUN_MS);
    for (const { name, startTime, endTime } of report.testResults)
      tookMs.set(relative(realpathSync(copy), name), endTime - startTime);
    for (const { message } of report.testResults) if (message) console.log(message);
    const { numFailedTests, numPassedTests, numRuntimeErrorTestSuites } = report;
    return numFailedTests + numRuntimeErrorTestSuites === 0 && numPassedTests > 0;
  });
}

/** Uses one copy of the tree for one mutation after the other. */
async function work(): Promise<void> {
  await inCopy(async (copy) => {
    for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
      const outcome = await tryOut(mutation, copy);
      const places = mutation.map(
        ({ file, line, code, change }) => `${file}:${line} ${change?.operator ?? '?'}: ${code}`,
      );
      const printed = `${outcome}: ${mutation[0].clause} ${places.join(', and ')}`;
      console.log(printed);
      if (outcome !== 'noticed') notNoticed.push(printed);
    }
  });
}

async function inCopy<Result>(use: (copy: string) => Promise<Result>): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'mutations-'));
  try {
    for (const name of COPIED.filter((each) => existsSync(each)))
      cpSync(name, join(copy, name), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
    return await use(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function tryOut(mutation: Mutation, copy: string): Promise<Outcome> {
  const promise = clauses.get(mutation[0].clause);
  if (!promise) return 'has no clause';
  const originals = new Map<string, string>();
  // From the end of each file on: what is changed moves nothing that comes before it.
  const lastFirst = mutation.toSorted((one, other) => other.line - one.line);
  try {
    for (const { file, change } of lastFirst) {
      if (!change) return 'has no operator';
      const path = join(copy, file);
      const text = readFileSync(path, 'utf8');
      if (!originals.has(path)) originals.set(path, text);
      writeFileSync(path, apply(change, text));
    }
    return await judge(promise, copy);
  } finally {
    for (const [path, text] of originals) writeFileSync(path, text);
  }
}

async function judge(clause: Clause, copy: string): Promise<Outcome> {
  const { files, pattern } = testsOf(clause);
  let hasRun = false;
  for (const part of quickestFirst(files)) {
    const options = ['--runInBand'];
    const report = await runTests(copy, part, pattern, options, LONGEST_RUN_MS);
    if (report.numFailedTests > 0) return 'noticed';
    hasRun ||= report.numPassedTests > 0;
  }
  return hasRun ? 'survived' : 'says nothing';
}

/** All that are quick, then the others one by one. */
function quickestFirst(files: readonly string[]): string[][] {
  const timeOf = (file: string) => tookMs.get(file) ?? Infinity;
  const sorted = files.toSorted((one, other) => timeOf(one) - timeOf(other));
  const quick = sorted.filter((file) => timeOf(file) < QUICK_MS);
  const slow = sorted.slice(quick.length).map((file) => [file]);
  return quick.length > 0 ? [quick, ...slow] : slow;
}

async function runTests(
  copy: string,
  files: readonly string[],
  pattern: string,
  options: readonly string[],
  longestMs: number,
): Promise<Report> {
  const answer = join(copy, 'answer.json');
  rmSync(answer, { force: true });
  const jest = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      ...['--config', jestConfig, '--json', '--outputFile', answer, '--forceExit', ...options],
      ...['--testNamePattern', pattern, '--runTestsByPath', ...files],
    ],
    { cwd: copy, stdio: 'ignore', timeout: longestMs },
  );
  await new Promise((resolve) => jest.once('close', resolve));
  try {
    return JSON.parse(readFileSync(answer, 'utf8')) as Report;
  } catch {
    return {
      ...{ numFailedTests: 0, numPassedTests: 0, numRuntimeErrorTestSuites: 0 },
      testResults: [],
    };
  }
}
