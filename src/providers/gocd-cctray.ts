// GoCD's cctray.xml: one entry for each stage and one for each job, none for the pipeline itself.
import type { Upstream } from '../http/upstream.js';
import { unexpectedAnswer } from '../http/upstream-error.js';
import { slicesOf } from '../slices.js';
import { createParser, NotCctrayError, type Entry, type Status } from './gocd-cctray-entries.js';
import { requireSuccess } from './provider.js';

export interface Pipeline extends Status {
  readonly name: string;
  readonly label: string;
  readonly lastBuildTime: BuildTime | undefined;
  readonly stages: readonly Stage[];
}

export interface Stage extends Job, Pick<Entry, 'label' | 'breakers'> {
  readonly lastBuildTime: BuildTime | undefined;
  readonly jobs: readonly Job[];
}

export interface Job extends Status, Pick<Entry, 'url'> {
  readonly name: string;
}

export interface BuildTime {
  readonly text: string;
  /** Milliseconds since 1970; absent where the zone is unknown. */
  readonly instant?: number;
}

/**
 * Fetches the pipelines that the token's owner may see.
 *
 * @throws {CredentialRejectedError | NotAllowedError | UpstreamError}
 */
export async function fetchPipelines(
  upstream: Pick<Upstream, 'get'>,
  server: string,
  headers: Record<string, string>,
): Promise<readonly Pipeline[]> {
  const answer = requireSuccess(await upstream.get(new URL(`${server}/cctray.xml`), headers));
  try {
    return await readCctray(slicesOf(answer.body));
  } catch (error) {
    if (error instanceof NotCctrayError) throw unexpectedAnswer(answer);
    throw error;
  }
}

/**
 * Reads cctray.xml, in one pass and without building a tree.
 *
 * @param pieces the text, cut anywhere
 * @returns the pipelines in the order of their first entry; empty when nothing has run yet
 * @throws {NotCctrayError} for malformed XML, other XML, and any document type declaration
 * @throws {UpstreamError} for too many entries
 */
export async function readCctray(
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<readonly Pipeline[]> {
  const pipelines = new Map<string, Map<string, Stage & { readonly jobs: Job[] }>>();
  const parser = createParser((entry) => {
    const { job, activity, lastBuildStatus, url } = entry;
    const stages = pipelines.get(entry.pipeline) ?? new Map<string, never>();
    pipelines.set(entry.pipeline, stages);
    // A job may come before its stage, or have none.
    let stage = stages.get(entry.stage);
    if (!stage || job === undefined) {
      stage = stageOf(entry, stage?.jobs);
      stages.set(entry.stage, stage);
    }
    if (job !== undefined) stage.jobs.push({ name: job, activity, lastBuildStatus, url });
  });
  for await (const piece of pieces) parser.write(piece);
  parser.close();
  return [...pipelines].map(([name, stages]) => summary(name, [...stages.values()]));
}

function stageOf(
  { stage, activity, lastBuildStatus, label, lastBuildTime, url, breakers }: Entry,
  jobs: Job[] = [],
) {
  const time = readTime(lastBuildTime);
  return {
    name: stage,
    activity,
    lastBuildStatus,
    label,
    lastBuildTime: time,
    url,
    breakers,
    jobs,
  };
}

function readTime(text: string): BuildTime | undefined {
  if (text === '') return undefined;
  const instant = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(instant) ? { text } : { text, instant };
}

/** A pipeline is building when a stage is, failed when a stage did, and as new as its newest. */
function summary(name: string, stages: readonly Stage[]): Pipeline {
  const newest = stages.reduce((a, b) => (isNewer(b, a) ? b : a));
  const find = (property: keyof Status, value: string) =>
    stages.find((stage) => stage[property] === value)?.[property] ?? newest[property];
  return {
    name,
    label: newest.label,
    lastBuildTime: newest.lastBuildTime,
    activity: find('activity', 'Building'),
    lastBuildStatus: find('lastBuildStatus', 'Failure'),
    stages,
  };
}

function isNewer(a: Stage, b: Stage): boolean {
  const [left, right] = [a.lastBuildTime, b.lastBuildTime];
  if (left?.instant !== undefined && right?.instant !== undefined) {
    return left.instant > right.instant;
  }
  // Times without a zone have one form, so that their texts compare as the times do.
  return (left?.text ?? '') > (right?.text ?? '');
}
