// cctray.xml in the exact shape of GoCD's CcTrayService: one entry per stage and one per job, two
// spaces, no newline at the end.
import { createHash } from 'node:crypto';
import type { Gocd } from './gocd.js';
import type { SandboxPipeline } from './pipelines.js';
import { endOf, hasFailed, labelOf, momentOf, pathOf, stagesAt, type StageState } from './runs.js';

/** The entries of one pipeline, as they stand until its moment is over. */
interface Written {
  readonly moment: string;
  readonly text: string;
  readonly digest: Buffer;
}

export class CctrayDocument {
  /** Most pipelines sleep: of ten thousand, few are written anew for a request. */
  private readonly written = new Map<SandboxPipeline, Written>();

  /** @param base GoCD's own URL, with its context path */
  constructor(
    private readonly gocd: Gocd,
    private readonly base: string,
  ) {}

  /**
   * @returns the entries of the pipelines that are visible, and a digest of all of them, whoever
   *   asks: a client that caches by GoCD's ETag alone shows people what they may not view
   */
  read(isVisible: (pipeline: string) => boolean): {
    readonly text: string;
    readonly digest: string;
  } {
    const now = this.gocd.clock.now();
    const hash = createHash('sha256').update(this.base);
    const lines = ['<?xml version="1.0" encoding="utf-8"?>', '<Projects>'];
    for (const pipeline of this.gocd.pipelines) {
      const { text, digest } = this.entriesOf(pipeline, now);
      hash.update(digest);
      if (isVisible(pipeline.name)) lines.push(text);
    }
    return { text: [...lines, '</Projects>'].join('\n'), digest: hash.digest('hex') };
  }

  private entriesOf(pipeline: SandboxPipeline, now: number): Written {
    const moment = momentOf(pipeline, now);
    const written = this.written.get(pipeline);
    if (written?.moment === moment) return written;
    const text = stagesAt(pipeline, now)
      .flatMap((state) =>
        [undefined, ...state.stage.jobs].map((job) => this.entry(state, job, now)),
      )
      .join('\n');
    const anew = { moment, text, digest: createHash('sha256').update(text).digest() };
    this.written.set(pipeline, anew);
    return anew;
  }

  /** @param job one of the stage's; the stage itself where it is undefined */
  private entry({ newest, former }: StageState, job: string | undefined, now: number): string {
    const isBuilding = endOf(newest, job) > now;
    const last = isBuilding ? former : newest; // while it builds, the result is the one before
    const attributes = {
      name: [newest.pipeline.name, newest.stage.name, ...(job ? [job] : [])].join(' :: '),
      activity: isBuilding ? 'Building' : 'Sleeping',
      // Made up where there is no result yet (gocd/gocd#954).
      lastBuildStatus: last && hasFailed(last, job) ? 'Failure' : 'Success',
      lastBuildLabel: last ? labelOf(last) : '1',
      lastBuildTime: time(last ? endOf(last, job) : this.gocd.startedAt),
      webUrl: job
        ? `${this.base}/tab/build/detail/${pathOf(newest)}/${job}`
        : `${this.base}/pipelines/${pathOf(newest)}`,
    };
    const text = Object.entries(attributes).map(([key, value]) => `${key}="${escapeXml(value)}"`);
    const opening = `  <Project ${text.join(' ')}`;
    // A job may fail before its stage has: until then nobody has broken it.
    if (newest.endsAt > now || !hasFailed(newest, job)) return `${opening} />`;
    const breakers = escapeXml(newest.breakers.join(', '));
    return `${opening}><messages><message text="${breakers}" kind="Breakers" /></messages></Project>`;
  }
}

/** To the second, in UTC (since 18.3.0). */
function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
