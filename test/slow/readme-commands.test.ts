// The commands of README.md, typed in a copy of this tree. test/readme.test.ts holds that none is left out.
import { afterEach, describe, test } from '@jest/globals';
import { RUN } from '../support/readme-commands.js';
import { endCommands } from '../support/shell-command.js';

describe('a command in README.md', () => {
  afterEach(endCommands);

  test.each(Object.entries(RUN))(
    '%s: runs, and does what is said of it',
    (command, doesIt) => doesIt(command),
    60_000,
  );
});
