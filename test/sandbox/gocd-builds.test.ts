// GoCD's builds go on by the sandbox's clock: what cctray.xml says of them, step by step.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, entriesIn, type Entry } from '../support/gocd.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';

const STARTED = Date.UTC(2026, 1, 28, 10);
const MINUTE = 60_000;

let sandbox: Sandbox;
let token: string;

/** Time stands still, and moves by the clock alone. */
async function start(pipelines: number): Promise<void> {
  sandbox = await startSandboxAlone({ pipelines });
  token = await accessTokenOf(sandbox);
}

beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(STARTED);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeSandboxes();
});

/** @param minute from the start of the server */
async function textAt(minute: number): Promise<string> {
  const { clock } = sandbox.world;
  clock.putForward(STARTED + minute * MINUTE - clock.now());
  return (await cctray(sandbox, `Token token="${token}"`)).text;
}

const entriesAt = async (minute: number) => entriesIn(await textAt(minute));

/** An entry in one line: activity, last result and its label, whom it names, the run it links to. */
function line(entry: Entry | undefined): string {
  if (!entry) return 'absent';
  const { activity, lastBuildStatus, lastBuildLabel, breakers, webUrl } = entry;
  const run = webUrl?.split('/').slice(-4).join('/') ?? '';
  return [activity, lastBuildStatus, lastBuildLabel, ...(breakers ? [breakers] : []), run].join(
    ' | ',
  );
}

describe('a pipeline while it runs', () => {
  beforeEach(() => start(12));

  test.each([
    [0, 'deploy', 'Building | Success | 12 | feed-plan/13/deploy/1'],
    [3, 'deploy', 'Building | Success | 12 | feed-plan/13/deploy/1'],
    [4, 'deploy', 'Sleeping | Success | 13 | feed-plan/13/deploy/1'],
    [51, 'build', 'Sleeping | Success | 13 | feed-plan/13/build/1'],
    [52, 'build', 'Building | Success | 13 | feed-plan/14/build/1'],
    [52, 'build :: compile', 'Building | Success | 13 | 14/build/1/compile'],
    [54, 'build :: compile', 'Sleeping | Success | 14 | 14/build/1/compile'],
    [54, 'build :: package', 'Building | Success | 13 | 14/build/1/package'],
    [54, 'test', 'Sleeping | Success | 13 | feed-plan/13/test/1'],
    [56, 'build', 'Sleeping | Success | 14 | feed-plan/14/build/1'],
    [56, 'test', 'Building | Success | 13 | feed-plan/14/test/1'],
    [64, 'deploy', 'Sleeping | Success | 14 | feed-plan/14/deploy/1'],
  ])('gives the last result until the next: minute %d, %s', async (minute, name, expected) => {
    expect(line((await entriesAt(minute)).get(`feed-plan :: ${name}`))).toBe(expected);
  });

  test.each([
    // Its compiler has failed; the other job goes on, and nobody has broken the stage yet.
    [114, 'build', 'Building | Success | 14 | feed-plan/15/build/1'],
    [114, 'build :: compile', 'Sleeping | Failure | 15 | 15/build/1/compile'],
    [114, 'build :: package', 'Building | Success | 14 | 15/build/1/package'],
    [116, 'build', 'Sleeping | Failure | 15 | nia, ada | feed-plan/15/build/1'],
    [116, 'build :: compile', 'Sleeping | Failure | 15 | nia, ada | 15/build/1/compile'],
    [116, 'build :: package', 'Sleeping | Success | 15 | 15/build/1/package'],
    // The stages behind do not run, and keep their results.
    [120, 'test', 'Sleeping | Success | 14 | feed-plan/14/test/1'],
    [120, 'deploy', 'Sleeping | Success | 14 | feed-plan/14/deploy/1'],
    // The next run: what is known of the stage is its failure; who broke it is not said any more.
    [172, 'build', 'Building | Failure | 15 | feed-plan/16/build/1'],
    [176, 'build', 'Sleeping | Success | 16 | feed-plan/16/build/1'],
  ])('fails when its time comes: minute %d, %s', async (minute, name, expected) => {
    expect(line((await entriesAt(minute)).get(`feed-plan :: ${name}`))).toBe(expected);
  });

  test.each([
    [18, 'test', 'Building | Success | 15 :: 2 | fence-alarm/16/test/1'],
    [19, 'test :: unit', 'Sleeping | Failure | 16 | 16/test/1/unit'],
    [21, 'test', 'Building | Failure | 16 | fence-alarm/16/test/2'],
    [21, 'deploy', 'Sleeping | Success | 15 | fence-alarm/15/deploy/1'],
    [25, 'test', 'Sleeping | Success | 16 :: 2 | fence-alarm/16/test/2'],
    [25, 'deploy', 'Building | Success | 15 | fence-alarm/16/deploy/1'],
    [29, 'deploy', 'Sleeping | Success | 16 | fence-alarm/16/deploy/1'],
  ])('counts a stage that runs again: minute %d, %s', async (minute, name, expected) => {
    expect(line((await entriesAt(minute)).get(`fence-alarm :: ${name}`))).toBe(expected);
  });

  test.each([
    [0, 'build', 'Building | Success | 1 | egg-count-2/1/build/1', STARTED],
    [0, 'build :: package', 'Building | Success | 1 | 1/build/1/package', STARTED],
    [0, 'test', 'absent', undefined],
    [0, 'test :: unit', 'absent', undefined],
    [4, 'build', 'Sleeping | Success | 1 | egg-count-2/1/build/1', STARTED + 204_500],
    [4, 'test', 'Building | Success | 1 | egg-count-2/1/test/1', STARTED],
    [4, 'deploy', 'absent', undefined],
    [12, 'deploy', 'Sleeping | Success | 1 | egg-count-2/1/deploy/1', STARTED + 684_500],
  ])(
    'has a made-up result in its first run of all: minute %d, %s',
    async (minute, name, expected, at) => {
      const entry = (await entriesAt(minute)).get(`egg-count-2 :: ${name}`);
      const time = at === undefined ? undefined : new Date(at).toISOString();

      expect(line(entry)).toBe(expected);
      expect(entry?.['lastBuildTime']).toBe(time?.replace(/\.\d+Z$/, 'Z'));
    },
  );
});

describe('a world of pipelines', () => {
  test('starts with a quarter that builds for three minutes and more, and the rest asleep', async () => {
    await start(60);
    const building = Array.from({ length: 60 }, (_, index) => index).filter(
      (index) => index % 4 === 1 || index % 12 === 11,
    );
    const buildingAt = async (minute: number) => {
      const entries = await entriesAt(minute);
      return sandbox.world.gocd.pipelines
        .map(({ stages, name }) =>
          stages.some((stage) => {
            return entries.get(`${name} :: ${stage.name}`)?.['activity'] === 'Building';
          }),
        )
        .flatMap((isBuilding, index) => (isBuilding ? [index] : []));
    };

    expect(await buildingAt(0)).toEqual(building);
    expect(await buildingAt(3)).toEqual(building);
    // The sleepers have ten minutes at least. Who is new takes twelve for its first run.
    expect((await buildingAt(10)).every((index) => building.includes(index))).toBe(true);
  });

  test('is the same at a moment, whether or not anybody looked before', async () => {
    await start(24);
    for (let minute = 0; minute < 200; minute += 7) await textAt(minute);
    const watched = (await textAt(5000)).replaceAll(sandbox.url, '');
    await start(24);

    expect((await textAt(5000)).replaceAll(sandbox.url, '')).toBe(watched);
  });

  test('changes its ETag when a build goes on, and only then', async () => {
    await start(2);
    const etagAt = async (minute: number) => {
      await textAt(minute);
      return (await cctray(sandbox, `Token token="${token}"`)).headers['etag'];
    };
    const [atStart, soonAfter, afterDeploy] = [await etagAt(0), await etagAt(1), await etagAt(4)];

    expect(soonAfter).toBe(atStart);
    expect(afterDeploy).not.toBe(atStart);
  });
});
