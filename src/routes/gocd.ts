// Step 4 of the dance, at GoCD: GET /gocd uses the token and shows what it opens, the pipelines.
import type { RequestHandler } from 'express';
import type { Status } from '../providers/gocd-cctray.js';
import type { GoCD } from '../providers/gocd.js';
import { withConnection } from '../with-connection.js';

export function showPipelines(provider: GoCD): RequestHandler {
  return async (request, response) => {
    const pipelines = await withConnection(request, provider, (connection) =>
      provider.pipelines(connection),
    );
    response.render('gocd', {
      title: 'Your pipelines in GoCD',
      provider,
      pipelines,
      toneOf,
      resultOf,
      counts: {
        all: pipelines.length,
        failed: pipelines.filter(({ lastBuildStatus }) => lastBuildStatus === 'Failure').length,
        building: pipelines.filter(({ activity }) => activity === 'Building').length,
      },
    });
  };
}

/** GoCD sends Success and Failure; the format allows more, which is neither good nor bad. */
const RESULTS: ReadonlyMap<string, { tone: string; words: string }> = new Map([
  ['Success', { tone: 'good', words: 'passed' }],
  ['Failure', { tone: 'bad', words: 'failed' }],
]);

function toneOf({ lastBuildStatus }: Status): string {
  return RESULTS.get(lastBuildStatus)?.tone ?? 'unknown';
}

function resultOf({ lastBuildStatus }: Status): string {
  return RESULTS.get(lastBuildStatus)?.words ?? lastBuildStatus;
}
