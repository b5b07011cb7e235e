// npm run bench: measures the app against other ways to write it, and writes bench/RESULTS.md.
// `npm run bench -- rally-page home` does these cases alone, `--rounds=9` more often than five times, and
// `--quick` only shows that they run.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { CASES } from './cases.js';
import { NotHere, type Size } from './measure.js';
import { keep, sectionOf } from './report.js';

const RESULTS = 'bench/RESULTS.md';

const { values, positionals: wanted } = parseArgs({
  options: { quick: { type: 'boolean' }, rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const size: Size = values.quick
  ? { rounds: 2, share: 0.1 }
  : { rounds: Number(values.rounds), share: 1 };
const names = CASES.map(({ name }) => name);
const unknown = wanted.filter((word) => !names.some((name) => name.startsWith(word)));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. The cases are ${names.join(', ')}.`);
  process.exit(2);
}
installPeers();

for (const each of CASES) {
  if (wanted.length > 0 && !wanted.some((word) => each.name.startsWith(word))) continue;
  try {
    const section = await sectionOf(each, await each.run(size), size.rounds);
    console.log(section);
    if (!values.quick) keep(RESULTS, each.name, section, names);
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    console.log(`## ${each.name}\n\nNot measured: ${error.message}.\n`);
  }
}

/** What the app is measured against is no package of the app's. */
function installPeers(): void {
  const npm = (...given: string[]) =>
    spawnSync('npm', given, { cwd: 'bench', stdio: ['ignore', 'ignore', 'inherit'] });
  if (npm('ls', '--silent').status === 0) return;
  if (npm('ci', '--silent').status !== 0) process.exit(1);
}
