// What the pipelines do as time goes by. Nothing is remembered: a moment has one state, whether or
// not anybody looked before, so that the clock can be put forward by a week at once.
import type { SandboxPipeline, StagePlan } from './pipelines.js';

const STAGE_MS = 4 * 60_000;
/** The first of several jobs has half of its stage's work. */
const FIRST_JOB_MS = STAGE_MS / 2;
const BREAKERS = [['ada', 'sol'], ['kit'], ['nia', 'ada'], ['sol', 'kit', 'ivo']];

/** One go at a stage, in one run of its pipeline. */
export interface StageRun {
  readonly pipeline: SandboxPipeline;
  readonly stage: StagePlan;
  /** Of the pipeline's run. */
  readonly counter: number;
  /** Of the stage in this run: 2 when it was run again. */
  readonly stageCounter: number;
  /** How it ends, which it may not have. */
  readonly fails: boolean;
  readonly breakers: readonly string[];
  readonly beganAt: number;
  readonly endsAt: number;
}

/** A stage at a moment. */
export interface StageState {
  readonly stage: StagePlan;
  /** The newest go, which may not have ended. */
  readonly newest: StageRun;
  /** The one before it; none when this is the first of all. */
  readonly former: StageRun | undefined;
}

/** The stages as they are now, in their order. One that never ran is absent. */
export function stagesAt(pipeline: SandboxPipeline, now: number): StageState[] {
  return pipeline.stages.flatMap((stage) => {
    const [newest, former] = newestRuns(pipeline, stage, now);
    return newest ? [{ stage, newest, former }] : [];
  });
}

/**
 * @param stageCounter 1, or 2 for the stage's second go in the run
 * @returns undefined where there is no such go, or not yet
 */
export function findStageRun(
  pipeline: SandboxPipeline,
  counter: number,
  stageName: string,
  stageCounter: number,
  now: number,
): StageRun | undefined {
  const isCounter = Number.isInteger(counter) && counter > 0;
  if (!isCounter || counter > newestCounter(pipeline, now)) return undefined;
  return stageRuns(pipeline, counter).find(
    (run) =>
      run.stage.name === stageName && run.stageCounter === stageCounter && run.beganAt <= now,
  );
}

/** When a job has ended, or will; the stage itself where no job is given. */
export function endOf({ stage, beganAt, endsAt }: StageRun, job?: string): number {
  return stage.jobs.length > 1 && job === stage.jobs[0] ? beganAt + FIRST_JOB_MS : endsAt;
}

/** How a job ends, or the stage itself where no job is given. It fails because its first job does. */
export function hasFailed({ stage, fails }: StageRun, job?: string): boolean {
  return fails && (job === undefined || job === stage.jobs[0]);
}

export function labelOf({ counter, stageCounter }: StageRun): string {
  return stageCounter > 1 ? `${counter} :: ${stageCounter}` : String(counter);
}

/** The end of its address on the server: `PIPELINE/12/STAGE/1`. */
export function pathOf({ pipeline, stage, counter, stageCounter }: StageRun): string {
  return `${pipeline.name}/${counter}/${stage.name}/${stageCounter}`;
}

/** A name for all that can be seen of a pipeline now: where it is the same, so is the rest. */
export function momentOf(pipeline: SandboxPipeline, now: number): string {
  const counter = newestCounter(pipeline, now);
  const end = stageRuns(pipeline, counter).at(-1)?.endsAt ?? 0;
  // Whatever happens happens at a multiple of the first job's time.
  return `${counter} ${Math.floor((Math.min(now, end) - pipeline.beganAt) / FIRST_JOB_MS)}`;
}

function newestCounter({ counterAtStart, beganAt, periodMs }: SandboxPipeline, now: number) {
  return counterAtStart + Math.floor((now - beganAt) / periodMs);
}

function newestRuns(pipeline: SandboxPipeline, stage: StagePlan, now: number): StageRun[] {
  const found: StageRun[] = [];
  for (let counter = newestCounter(pipeline, now); counter > 0 && found.length < 2; counter--) {
    const begun = stageRuns(pipeline, counter).filter(
      (run) => run.stage === stage && run.beganAt <= now,
    );
    found.push(...begun.reverse());
  }
  return found;
}

/** All of one run of a pipeline, in its order: the stages behind one that fails do not run. */
function stageRuns(pipeline: SandboxPipeline, counter: number): StageRun[] {
  const { stages, counterAtStart, periodMs, repeatedStage } = pipeline;
  const age = counter - counterAtStart;
  const failing = pipeline.failingStage(counter);
  const runs: StageRun[] = [];
  let beganAt = pipeline.beganAt + age * periodMs;
  for (const [place, stage] of stages.entries()) {
    if (failing !== undefined && place > failing) break;
    const last = place === repeatedStage ? 2 : 1;
    for (let stageCounter = 1; stageCounter <= last; stageCounter++) {
      // Somebody runs a stage again because it has failed.
      const fails = place === failing || stageCounter < last;
      const breakers = fails ? (BREAKERS[Math.abs(age) % BREAKERS.length] ?? []) : [];
      const endsAt = beganAt + STAGE_MS;
      runs.push({ pipeline, stage, counter, stageCounter, fails, breakers, beganAt, endsAt });
      beganAt = endsAt;
    }
  }
  return runs;
}
