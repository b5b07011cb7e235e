// Runs before all tests: says what this machine lacks. In CI that is a failure, never a silent skip.
import { hasOpenSsl } from './certificate.js';
import { findChromium } from './chromium.js';
import { findRedisServer } from './redis-server.js';
import { hasTerminal } from './terminal.js';

const lacks = [
  ...(findChromium() ? [] : ['Chromium, for the browser tests: apt-get install chromium']),
  ...(findRedisServer()
    ? []
    : ['redis-server, for the session tests: apt-get install redis-server']),
  ...(hasOpenSsl() ? [] : ['openssl, for the tests with a proxy: apt-get install openssl']),
  ...(hasTerminal() ? [] : ['script(1), for tests in a terminal: apt-get install bsdutils']),
];

if (lacks.length > 0) {
  console.error(`\nThis machine lacks:\n${lacks.map((line) => `  ${line}`).join('\n')}`);
  if (process.env['CI'] === 'true') process.exitCode = 1;
  else console.error('The tests that need them are skipped.\n');
}
