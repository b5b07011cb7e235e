// SECURITY.md, F6, as in test/security/what-never-leaves.test.ts, with every failure of the sandbox.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { expectNothingToLeave, startWholeRun, type WholeRun } from '../support/whole-run.js';

jest.setTimeout(300_000); // one failure after the other

describe('in a whole run with every failure of both providers', () => {
  let run: WholeRun;

  beforeEach(async () => {
    run = await startWholeRun();
  });
  afterEach(() => run.end());

  test('F6 no token, key, code, verifier, session id or client secret is printed or served, in any form (ASVS 14.2.1, 16.2.5)', async () => {
    await expectNothingToLeave(run, () => true);
    expect.hasAssertions();
  });
});
