// All of a person's stories as CSV, beside npm's rally, which asks for one page after the other.
import { compare, inTurn, measured, NotHere, type Aim, type Bench, type Case } from './measure.js';
import type { Done } from './driver.js';
import { APP, TOOLKIT } from './processes.js';

const STORIES = 20_000;
const PATH = '/rally/export.csv';

export const exports: readonly Case[] = [
  besideTheToolkit(0, 2000),
  besideTheToolkit(100, 2000, { atLeast: 2.5 }),
  besideTheToolkit(100, 200, { atLeast: 6 }),
  {
    name: 'export-slow-reader',
    about: `What the app grows by at most with ${STORIES} stories and a reader who stops for 3 s.`,
    run: async (size) => {
      const of = await inTurn(size, [0, 3000], (pauseMs) =>
        measured(
          APP,
          async (bench) => {
            await signIn(bench);
            const { peakMb } = await bench.running.usage();
            await download(bench, pauseMs);
            return { mb: (await bench.running.usage()).peakMb - peakMb };
          },
          { provider: { STORIES: String(STORIES) } },
        ),
      );
      return [compare('MB', of(3000, 'mb'), 'a fast reader', of(0, 'mb'))];
    },
  },
];

/** @param pageSize the most rows that the provider gives at a time */
function besideTheToolkit(latencyMs: number, pageSize: number, aim?: Aim): Case {
  return {
    name: `export-${latencyMs}ms-${pageSize}`,
    about: `${STORIES} stories, at most ${pageSize} to a page, each of which takes the provider ${latencyMs} ms.`,
    run: async (size) => {
      const of = await inTurn(size, [APP, TOOLKIT], (subject) =>
        measured(
          subject,
          async (bench) => {
            if (subject === APP) await signIn(bench);
            const { seconds, firstByteMs } = await download(bench);
            return { perSecond: STORIES / seconds, firstByteMs };
          },
          {
            provider: {
              STORIES: String(STORIES),
              LATENCY_MS: String(latencyMs),
              MOST_ROWS: String(pageSize),
            },
            subject: { MOST_ROWS: String(pageSize) },
          },
        ),
      );
      const { name } = TOOLKIT;
      return [
        compare('stories per second', of(APP, 'perSecond'), name, of(TOOLKIT, 'perSecond'), aim),
        compare('first byte, ms', of(APP, 'firstByteMs'), name, of(TOOLKIT, 'firstByteMs')),
      ];
    },
  };
}

async function signIn({ drive }: Bench): Promise<void> {
  await drive({ act: 'enter', path: '/login/rally' });
  await drive({ act: 'get', path: '/rally?pagesize=200', count: 16 });
}

async function download({ drive }: Bench, pauseMs = 0): Promise<Done> {
  try {
    return await drive({ act: 'download', path: PATH, connections: 1, pauseMs });
  } catch (error) {
    if (String(error).endsWith(': 404')) throw new NotHere(`the app has no ${PATH}`);
    throw error;
  }
}
