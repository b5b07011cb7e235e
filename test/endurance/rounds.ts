// npm run rounds -- [rounds] [sessions] [pages]: again and again all tokens end while every session
// asks two processes on one Redis for pages. Nobody may be signed out, and each token is renewed by one
// request. Pages are counted in fives.
import { findRedisServer } from '../support/redis-server.js';
import { runRounds } from '../support/rounds.js';
import { TwoProcesses } from '../support/two-processes.js';

/** More than a round takes, also on a busy machine. */
const TOKEN_SECONDS = 20;
const RUN_OUT_EVERY = 50;

const [rounds = 1000, sessions = 5, pages = 20] = process.argv.slice(2).map(Number);

if (!findRedisServer()) throw new Error('this needs a redis-server: apt-get install redis-server');

const two = await TwoProcesses.start({}, TOKEN_SECONDS);
const from = performance.now();
const seconds = () => Math.round((performance.now() - from) / 1000);
try {
  const settings = { rounds, sessions, pages, runOutEvery: RUN_OUT_EVERY };
  const { faults, ...count } = await runRounds(two, settings, (round) => {
    if (round % 50 === 0) console.log(`${round} rounds, ${seconds()} s`);
  });
  console.log(
    `${rounds} rounds of ${sessions} sessions in ${seconds()} s: ${count.pages} pages, ` +
      `${count.tokenRequests} token requests, ${faults.length} faults`,
  );
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) console.log(`The log of both:\n${two.log.slice(0, 20_000)}`);
  else if (two.errors !== '') console.log(`On standard error:\n${two.errors}`);
  process.exitCode = faults.length === 0 && two.errors === '' ? 0 : 1;
} finally {
  await two.close();
}
