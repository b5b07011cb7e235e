// Step 4 of the dance, at GoCD: GET /gocd uses the token and shows what it opens, the pipelines.
import type { RequestHandler } from 'express';
import { withConnection } from '../connection.js';
import type { GoCD } from '../providers/gocd.js';

export function showPipelines(provider: GoCD): RequestHandler {
  return async (request, response) => {
    const pipelines = await withConnection(request, provider, ({ accessToken }) =>
      provider.pipelines(accessToken),
    );
    response.render('gocd', {
      title: 'Your pipelines in GoCD',
      provider,
      pipelines,
      counts: {
        all: pipelines.length,
        failed: pipelines.filter(({ lastBuildStatus }) => lastBuildStatus === 'Failure').length,
        building: pipelines.filter(({ activity }) => activity === 'Building').length,
      },
    });
  };
}
