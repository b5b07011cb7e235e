// The order and the numbers of /gocd, as somebody on call wants them: what is broken comes first.
import type { Status } from '../providers/gocd-cctray-entries.js';
import type { Pipeline } from '../providers/gocd-cctray.js';
import type { Address, StatusFilter } from './address.js';

/** More on one page would be slow to draw; whoever has more looks for a part of them. */
const PAGE_SIZE = 200;

export interface Board {
  readonly pipelines: readonly Pipeline[];
  /** Of all pipelines, whatever is chosen. */
  readonly counts: Readonly<Record<StatusFilter | 'all', number>>;
  /** How many are chosen, on all pages. */
  readonly chosen: number;
  /** From 1. */
  readonly first: number;
  readonly last: number;
  readonly previous: number | undefined;
  readonly next: number | undefined;
}

/** @param all what cctray.xml has, in its order */
export function boardOf(all: readonly Pipeline[], { text, status, page }: Address): Board {
  const counts = { all: all.length, failed: 0, building: 0, passed: 0, other: 0 };
  for (const pipeline of all) counts[groupOf(pipeline)]++;
  const searched = text.toLowerCase();
  const chosen = all.filter(
    (pipeline) =>
      pipeline.name.toLowerCase().includes(searched) && (!status || isIn(status, pipeline)),
  );
  const start = (page - 1) * PAGE_SIZE;
  const pipelines = chosen.sort(byUrgency).slice(start, start + PAGE_SIZE);
  return {
    pipelines,
    counts,
    chosen: chosen.length,
    first: start + 1,
    last: start + pipelines.length,
    previous: page > 1 ? page - 1 : undefined,
    next: start + PAGE_SIZE < chosen.length ? page + 1 : undefined,
  };
}

/** The one group that a pipeline is counted in: one that is being mended is still broken. */
function groupOf(status: Status): StatusFilter {
  if (status.lastBuildStatus === 'Failure') return 'failed';
  if (status.activity === 'Building') return 'building';
  return status.lastBuildStatus === 'Success' ? 'passed' : 'other';
}

/** Who looks for what is building wants a broken one that is being mended, too. */
function isIn(status: StatusFilter, pipeline: Pipeline): boolean {
  if (status === 'building') return pipeline.activity === 'Building';
  return groupOf(pipeline) === status;
}

const URGENCY: readonly StatusFilter[] = ['failed', 'building', 'other', 'passed'];

function byUrgency(a: Pipeline, b: Pipeline): number {
  return URGENCY.indexOf(groupOf(a)) - URGENCY.indexOf(groupOf(b)) || compare(a.name, b.name);
}

/** Not localeCompare: ten thousand names would take it a tenth of a second. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
