/** A pipeline, and the plan by which it runs. What it does at a moment: see runs.ts. */
export interface SandboxPipeline {
  readonly name: string;
  readonly stages: readonly StagePlan[];
  /** The run that was the newest when the server started, and when that one began. */
  readonly counterAtStart: number;
  readonly beganAt: number;
  /** From the beginning of one run to that of the next. */
  readonly periodMs: number;
  /** The stage that runs twice in each run, by its place; none where it is undefined. */
  readonly repeatedStage: number | undefined;
  /** @returns the place of the stage that fails in this run, or undefined */
  readonly failingStage: (counter: number) => number | undefined;
}

export interface StagePlan {
  readonly name: string;
  readonly jobs: readonly string[];
}

const MINUTE = 60_000;
const NAMES = ['barn-door', 'feed-plan', 'milk-chart', 'fence-alarm', 'weather', 'egg-count'];
const STAGES: readonly StagePlan[] = [
  { name: 'build', jobs: ['compile', 'package'] },
  { name: 'test', jobs: ['unit', 'browser'] },
  { name: 'deploy', jobs: ['roll-out'] },
];

/**
 * Makes pipelines: the same ones, in the same states, for the same number and start.
 *
 * @param count how many
 * @param startedAt when the server started, in milliseconds since 1970
 */
export function createPipelines(count: number, startedAt: number): SandboxPipeline[] {
  return Array.from({ length: count }, (_, index) => {
    const base = NAMES[index % NAMES.length] ?? '';
    const round = Math.floor(index / NAMES.length);
    const isNew = index % 12 === 11; // in its first run of all
    const isBuilding = !isNew && index % 4 === 1; // in its last stage
    const hasFailed = !isNew && !isBuilding && index % 5 === 2;
    const repeatedStage = !isNew && index % 7 === 3 ? 1 : undefined;
    const counterAtStart = isNew ? 1 : 12 + index;
    const periodMinutes = 30 * (1 + (index % 3));
    return {
      name: round === 0 ? base : `${base}-${round + 1}`,
      stages: STAGES,
      counterAtStart,
      // Not all in the same second: of many, few change between two requests.
      beganAt: startedAt - minutesIntoRun() * MINUTE - (index % 60) * 500,
      periodMs: periodMinutes * MINUTE,
      repeatedStage,
      failingStage: (counter) => {
        const age = counter - counterAtStart;
        if (age === 0) return hasFailed ? 1 : undefined;
        return age > 0 && (age + index) % 4 === 3 ? counter % STAGES.length : undefined;
      },
    };

    function minutesIntoRun(): number {
      if (isNew) return 0.5;
      // The longest run takes 16 minutes: whoever sleeps has ended, and goes on sleeping for ten.
      if (!isBuilding) return 16.5 + ((index * 7) % (periodMinutes - 26));
      return repeatedStage === undefined ? 8.5 : 12.5;
    }
  });
}
