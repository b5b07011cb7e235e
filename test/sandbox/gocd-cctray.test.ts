// cctray.xml in the sandbox by itself, held against the source of GoCD. No client of ours takes part.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, CCTRAY, cctray, codeOf, exchange, oauth } from '../support/gocd.js';
import {
  clientOf,
  closeSandboxes,
  setStatusOf,
  startSandboxAlone,
  type Tokens,
} from '../support/sandbox.js';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

describe(`GET ${CCTRAY}`, () => {
  test('has one entry for each stage and each job, byte for byte', async () => {
    const started = Date.UTC(2026, 1, 28, 23, 59, 30);
    jest.spyOn(Date, 'now').mockReturnValue(started);
    sandbox = await startSandboxAlone({ pipelines: 4 });
    const answer = await cctray(sandbox, oauth(await accessTokenOf(sandbox)));
    const lines = answer.text.split('\n');
    const go = sandbox.gocdUrl;

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/xml;charset=utf-8');
    expect(lines).toHaveLength(2 + 4 * 8 + 1);
    expect(lines.slice(0, 2).concat(lines.slice(-1))).toEqual([
      '<?xml version="1.0" encoding="utf-8"?>',
      '<Projects>',
      '</Projects>', // and no newline after it
    ]);
    // The first pipeline is well.
    expect(lines.slice(2, 10).join('\n')).toBe(
      `  <Project name="barn-door :: build" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:47:00Z" webUrl="${go}/pipelines/barn-door/12/build/1" />
  <Project name="barn-door :: build :: compile" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:45:00Z" webUrl="${go}/tab/build/detail/barn-door/12/build/1/compile" />
  <Project name="barn-door :: build :: package" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:47:00Z" webUrl="${go}/tab/build/detail/barn-door/12/build/1/package" />
  <Project name="barn-door :: test" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:51:00Z" webUrl="${go}/pipelines/barn-door/12/test/1" />
  <Project name="barn-door :: test :: unit" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:49:00Z" webUrl="${go}/tab/build/detail/barn-door/12/test/1/unit" />
  <Project name="barn-door :: test :: browser" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:51:00Z" webUrl="${go}/tab/build/detail/barn-door/12/test/1/browser" />
  <Project name="barn-door :: deploy" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:55:00Z" webUrl="${go}/pipelines/barn-door/12/deploy/1" />
  <Project name="barn-door :: deploy :: roll-out" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:55:00Z" webUrl="${go}/tab/build/detail/barn-door/12/deploy/1/roll-out" />`,
    );
    // The second is building its last stage: result, label and time are those of the run before.
    expect(lines[16]).toBe(
      `  <Project name="feed-plan :: deploy" activity="Building" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-02-28T23:02:59Z" webUrl="${go}/pipelines/feed-plan/13/deploy/1" />`,
    );
    // The third has failed, at one of the two jobs of a stage; the stage behind it did not run.
    expect(lines.slice(21, 25).join('\n')).toBe(
      `  <Project name="milk-chart :: test" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="14" lastBuildTime="2026-02-28T23:36:59Z" webUrl="${go}/pipelines/milk-chart/14/test/1"><messages><message text="ada, sol" kind="Breakers" /></messages></Project>
  <Project name="milk-chart :: test :: unit" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="14" lastBuildTime="2026-02-28T23:34:59Z" webUrl="${go}/tab/build/detail/milk-chart/14/test/1/unit"><messages><message text="ada, sol" kind="Breakers" /></messages></Project>
  <Project name="milk-chart :: test :: browser" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="14" lastBuildTime="2026-02-28T23:36:59Z" webUrl="${go}/tab/build/detail/milk-chart/14/test/1/browser" />
  <Project name="milk-chart :: deploy" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="13" lastBuildTime="2026-02-28T22:10:59Z" webUrl="${go}/pipelines/milk-chart/13/deploy/1" />`,
    );
    // The fourth ran its second stage twice: the label says so.
    expect(lines[29]).toBe(
      `  <Project name="fence-alarm :: test" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="15 :: 2" lastBuildTime="2026-02-28T23:53:58Z" webUrl="${go}/pipelines/fence-alarm/15/test/2" />`,
    );
  });

  test('is an empty list for somebody who may view no pipeline', async () => {
    const answer = await cctray(sandbox, oauth(await accessTokenOf(sandbox, 'guest')));

    expect(answer.status).toBe(200);
    expect(answer.text).toBe('<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n</Projects>');
  });

  test('has an ETag that does not depend on who asks, though the body does', async () => {
    const [adas, guests] = [
      await cctray(sandbox, oauth(await accessTokenOf(sandbox))),
      await cctray(sandbox, oauth(await accessTokenOf(sandbox, 'guest'))),
    ];

    expect(adas.headers['etag']).toMatch(/^"[0-9a-f]{64}"$/);
    expect(guests.headers['etag']).toBe(adas.headers['etag']);
    expect(guests.text).not.toBe(adas.text);
  });

  test('is sent in full though the client has it already', async () => {
    const token = await accessTokenOf(sandbox);
    const first = await cctray(sandbox, oauth(token));
    const again = await cctray(sandbox, oauth(token), {
      'If-None-Match': String(first.headers['etag']),
    });

    expect(again.status).toBe(200);
    expect(again.text).toBe(first.text);
  });

  test.each([
    ['nothing', undefined],
    ['a token without quotes', 'Token token=TOKEN'],
    ['a small letter', 'token token="TOKEN"'],
    ['something after the token', 'Token token="TOKEN", x="1'],
    ['another OAuth scheme without a token', 'Bearer'],
    ['another scheme', 'Basic YWRhOnNhbmRib3g='],
  ])('takes %s for nobody', async (_what, header) => {
    const token = await accessTokenOf(sandbox);
    const answer = await cctray(sandbox, header?.replace('TOKEN', token));

    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="GoCD"');
    expect(answer.headers['content-type']).toMatch(/^application\/xml/);
    expect(answer.text).toBe(denied('You are not authenticated!'));
  });

  test.each([
    ['an unknown token', '0'.repeat(64), 'Invalid OAuth token provided!'],
    ['markup', '<b>&amp;', 'Invalid OAuth token provided!'],
    ['an empty token', '', 'OAuth token cannot be blank!'],
  ])('answers %s with 401, and asks for no password', async (_what, token, message) => {
    const answer = await cctray(sandbox, oauth(token));

    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('www-authenticate');
    expect(answer.text).toBe(denied(message));
  });

  test('refuses a token when it has expired', async () => {
    sandbox = await startSandboxAlone({ tokenTtlSeconds: 90 });
    const answer = await exchange(sandbox, clientOf(sandbox, 'gocd'), await codeOf(sandbox));
    const { access_token: token } = answer.body as Tokens;

    expect(answer.body).toMatchObject({ expires_in: 89 });
    expect((await cctray(sandbox, oauth(token))).status).toBe(200);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 90_000);
    expect((await cctray(sandbox, oauth(token))).status).toBe(401);
  });

  test.each(['disabled', 'deleted'])(
    'refuses the token of somebody who is %s, and takes it again when they are back',
    async (status) => {
      const token = await accessTokenOf(sandbox);
      await setStatusOf(sandbox, 'gocd', 'ada', status);
      const answer = await cctray(sandbox, oauth(token));

      expect(answer.status).toBe(401);
      expect(answer.text).toBe(denied('Invalid OAuth token provided!'));
      await setStatusOf(sandbox, 'gocd', 'ada', 'active');
      expect((await cctray(sandbox, oauth(token))).status).toBe(200);
    },
  );
});

function denied(message: string): string {
  return `<access-denied>\n  <message>${message}</message>\n</access-denied>\n`;
}
