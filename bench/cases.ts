// What is measured, and what is wanted. Exports and two processes have files of their own.
import { exports } from './exports.js';
import {
  compare,
  inTurn,
  measured,
  type Aim,
  type Bench,
  type Case,
  type Comparison,
  type Load,
} from './measure.js';
import { APP, FLOOR, PASSPORT, RAW, type Subject } from './processes.js';
import { twoProcesses } from './two-processes.js';

type Loads = (subject: Subject, name: keyof Load) => number[];

const PEERS = [APP, PASSPORT, FLOOR, RAW];

export const CASES: readonly Case[] = [
  {
    name: 'sign-ins',
    about: 'From the button to the page of stories: three requests of a new browser.',
    run: async (size) => {
      const signIns = { act: 'signIn', path: '/login/rally', count: 2500 * size.share } as const;
      const of = await inTurn(size, PEERS, (subject) =>
        measured(subject, ({ load }) => load(signIns)),
      );
      return [...against(of, PASSPORT, 1.3), ...against(of, FLOOR), ...against(of, RAW)];
    },
  },
  {
    name: 'rally-page',
    about: 'The page of 20 stories of a person who is signed in.',
    run: async (size) => {
      const of = await inTurn(size, PEERS, (subject) =>
        measured(subject, (bench) => rallyPages(bench, 1, 5000 * size.share)),
      );
      return [
        ...against(of, PASSPORT, 1.3, 0.75),
        ...against(of, FLOOR, 0.45),
        ...against(of, RAW),
      ];
    },
  },
  {
    name: 'rally-sessions',
    about: 'The same page, asked for by as many people in turn as there are sessions in memory.',
    run: async (size) => {
      const of = await inTurn(size, [1, 100, 10_000], (people) =>
        measured(APP, (bench) => rallyPages(bench, people, 5000 * size.share)),
      );
      return [100, 10_000].map((people) =>
        compare(
          `CPU, ms, with ${people} sessions`,
          of(people, 'cpuMs'),
          'one session',
          of(1, 'cpuMs'),
          {
            atMost: 1.1,
          },
        ),
      );
    },
  },
  {
    name: 'rally-stories',
    about: 'The same page, of people who have more stories.',
    run: async (size) => {
      const of = await inTurn(size, ['20', '20000'], (stories) =>
        measured(APP, (bench) => rallyPages(bench, 1, 5000 * size.share), {
          provider: { STORIES: stories },
        }),
      );
      const [ours, theirs] = [of('20000', 'cpuMs'), of('20', 'cpuMs')];
      return [compare('CPU, ms, with 20,000 stories', ours, '20 stories', theirs, { atMost: 1.1 })];
    },
  },
  {
    name: 'home',
    about: 'The first page, for browsers without a cookie.',
    run: async (size) => {
      const pages = { act: 'get', path: '/', count: 8000 * size.share } as const;
      const of = await inTurn(size, PEERS, (subject) =>
        measured(subject, ({ load }) => load(pages)),
      );
      return [...against(of, FLOOR, 0.8), ...against(of, PASSPORT), ...against(of, RAW)];
    },
  },
  gocd(100, 500),
  gocd(1000, 100),
  gocd(10_000, 40, { atMost: 1.5 }),
  ...exports,
  {
    name: 'memory',
    about:
      'What the heap of a process grows by with 10,000 people who have signed in, after garbage collection. (What the process has of the system is mostly garbage of the moment before.)',
    run: async (size) => {
      const people = 10_000 * size.share;
      const of = await inTurn(size, [APP, FLOOR], (subject) =>
        measured(subject, async ({ running, drive }) => {
          const enter = { act: 'enter', path: '/login/rally' } as const;
          await drive({ ...enter, count: 500 });
          const before = await running.usage();
          await drive({ ...enter, count: people });
          const after = await running.usage();
          return { mb: ((after.heapMb - before.heapMb) * 10_000) / people };
        }),
      );
      return [compare('MB of heap', of(APP, 'mb'), FLOOR.name, of(FLOOR, 'mb'), { atMost: 1.2 })];
    },
  },
  {
    name: 'start',
    about: 'From the start of the process to its first page.',
    run: async (size) => {
      const of = await inTurn(size, [APP, FLOOR, PASSPORT], (subject) =>
        measured(subject, ({ running: { startMs } }) => Promise.resolve({ startMs })),
      );
      const ours = of(APP, 'startMs');
      return [
        compare('ms', ours, FLOOR.name, of(FLOOR, 'startMs'), { atMost: 1.5 }),
        compare('ms', ours, PASSPORT.name, of(PASSPORT, 'startMs')),
      ];
    },
  },
  twoProcesses,
];

function gocd(entries: number, count: number, aim?: Aim): Case {
  return {
    name: `gocd-${entries}`,
    about: `The page of pipelines, from a cctray.xml of ${entries} entries, one request at a time.`,
    run: async (size) => {
      const of = await inTurn(size, [APP, RAW], (subject) =>
        measured(
          subject,
          async ({ drive, load }) => {
            await drive({ act: 'enter', path: '/login/gocd' });
            const pages = { act: 'get', path: '/gocd', connections: 1 } as const;
            const { perSecond } = await load({ ...pages, count: Math.ceil(count * size.share) });
            return { ms: 1000 / perSecond };
          },
          { provider: { ENTRIES: String(entries) } },
        ),
      );
      return [compare('ms', of(APP, 'ms'), RAW.name, of(RAW, 'ms'), aim)];
    },
  };
}

async function rallyPages({ drive, load }: Bench, people: number, count: number): Promise<Load> {
  await drive({ act: 'enter', path: '/login/rally', count: people });
  return load({ act: 'get', path: '/rally?pagesize=20', count });
}

function against(of: Loads, peer: Subject, rate?: number, cpu?: number): readonly Comparison[] {
  return [
    compare(
      'per second',
      of(APP, 'perSecond'),
      peer.name,
      of(peer, 'perSecond'),
      rate === undefined ? undefined : { atLeast: rate },
    ),
    compare(
      'CPU, ms',
      of(APP, 'cpuMs'),
      peer.name,
      of(peer, 'cpuMs'),
      cpu === undefined ? undefined : { atMost: cpu },
    ),
  ];
}
