/** A pipeline with its stages and their jobs, as it stood when the sandbox started. */
export interface SandboxPipeline {
  readonly name: string;
  readonly counter: number;
  readonly stages: readonly SandboxStage[];
}

export interface SandboxStage {
  readonly name: string;
  readonly counter: number;
  readonly activity: 'Building' | 'Sleeping';
  readonly hasFailed: boolean;
  readonly breakers: readonly string[];
  readonly builtAt: number;
  readonly jobs: readonly { readonly name: string; readonly hasFailed: boolean }[];
}

const NAMES = ['barn-door', 'feed-plan', 'milk-chart', 'fence-alarm', 'weather', 'egg-count'];
const STAGES = [
  { name: 'build', jobs: ['compile', 'package'] },
  { name: 'test', jobs: ['unit', 'browser'] },
  { name: 'deploy', jobs: ['roll-out'] },
];

/**
 * Makes pipelines; the same ones for the same number.
 *
 * @param count how many
 */
export function createPipelines(count: number): SandboxPipeline[] {
  const newest = Date.now() - 60_000;
  return Array.from({ length: count }, (_, index) => {
    const base = NAMES[index % NAMES.length] ?? '';
    const round = Math.floor(index / NAMES.length);
    const failing = index % 5 === 2 ? 1 : -1;
    return {
      name: round === 0 ? base : `${base}-${round + 1}`,
      counter: 12 + index,
      stages: STAGES.map(({ name, jobs }, stage) => ({
        name,
        counter: index % 7 === 3 && stage === 1 ? 2 : 1,
        activity: index % 4 === 1 && stage === 2 ? 'Building' : 'Sleeping',
        hasFailed: stage === failing,
        breakers: stage === failing ? ['ada', 'sol'] : [],
        builtAt: newest - index * 1_800_000 - (STAGES.length - stage) * 240_000,
        jobs: jobs.map((job, place) => ({
          name: job,
          hasFailed: stage === failing && place === 0,
        })),
      })),
    };
  });
}
