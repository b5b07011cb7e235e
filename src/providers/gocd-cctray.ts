// GoCD's cctray.xml: one entry for each stage and one for each job, none for the pipeline itself.
import type { Http } from '../http.js';
import { unexpectedAnswer } from '../http/upstream-error.js';
import { slicesOf } from '../slices.js';
import {
  createParser,
  NotCctrayError,
  type BuildTime,
  type Entry,
  type Status,
} from './gocd-cctray-entries.js';
import { requireSuccess } from './provider.js';

export interface Pipeline extends Status {
  readonly name: string;
  readonly label: string;
  readonly lastBuildTime: BuildTime | undefined;
  readonly stages: readonly Stage[];
}

export interface Stage extends Entry {
  readonly jobs: readonly Entry[];
}

/**
 * Fetches the pipelines that the token's owner may see.
 *
 * @throws {CredentialRejectedError | NotAllowedError | UpstreamError}
 */
export async function fetchPipelines(
  http: Http,
  server: string,
  headers: Record<string, string>,
): Promise<readonly Pipeline[]> {
  const answer = requireSuccess(await http.get(new URL(`${server}/cctray.xml`), headers));
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
  const pipelines = new Map<string, Map<string, Stage & { jobs: Entry[] }>>();
  const parser = createParser(({ path, entry }) => {
    const [pipelineName, stageName, jobName] = path;
    const stages = getOrAdd(pipelines, pipelineName, () => new Map<string, never>());
    if (jobName === undefined) {
      stages.set(stageName, { ...entry, jobs: stages.get(stageName)?.jobs ?? [] });
    } else {
      getOrAdd(stages, stageName, () => ({ ...entry, name: stageName, jobs: [] })).jobs.push(entry);
    }
  });
  for await (const piece of pieces) parser.write(piece);
  parser.close();
  return [...pipelines].map(([name, stages]) => summary(name, [...stages.values()]));
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

function isNewer(a: Entry, b: Entry): boolean {
  const [left, right] = [a.lastBuildTime, b.lastBuildTime];
  if (left?.instant !== undefined && right?.instant !== undefined) {
    return left.instant > right.instant;
  }
  // Times without a zone have one form, so that their texts compare as the times do.
  return (left?.text ?? '') > (right?.text ?? '');
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
