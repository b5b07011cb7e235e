// Step 4 of the dance, at GoCD: GET /gocd uses the token and shows what it opens, the pipelines.
import type { RequestHandler } from 'express';
import { addressOf, readAddress } from '../gocd-page/address.js';
import { boardOf } from '../gocd-page/board.js';
import { activityOf, resultOf, timeOf } from '../gocd-page/words.js';
import type { GoCD } from '../providers/gocd.js';
import { withConnection } from '../with-connection.js';

export function showPipelines(provider: GoCD): RequestHandler {
  return async (request, response) => {
    const address = readAddress(request.query);
    const all = await withConnection(request, provider, (connection) =>
      provider.pipelines(request.upstream, connection),
    );
    const board = boardOf(all, address);
    const { failed } = board.counts;
    response.render('gocd', {
      title: failed > 0 ? `${failed} failed · Your pipelines in GoCD` : 'Your pipelines in GoCD',
      icon: all.length === 0 ? undefined : failed > 0 ? 'icon-bad.svg' : 'icon-good.svg',
      styles: ['gocd.css'],
      scripts: ['gocd.js'],
      provider,
      address,
      addressOf,
      board,
      activityOf,
      resultOf,
      timeOf,
      now: Date.now(),
    });
  };
}
