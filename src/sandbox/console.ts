// GET /_sandbox: what the sandbox was asked, what it issued, and the switches that make it fail. It
// is open to everybody on this machine, and so shows no whole secret.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { createBrowserSession, takeNotice } from './browser-session.js';
import { consoleApi } from './console-api.js';
import { FAILURES } from './failures.js';
import { issuedIn } from './issued.js';
import { switches } from './switches.js';
import type { World } from './world.js';

const SHOWN = 200;
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

export function consolePages(world: World): Router {
  const router = Router();
  const { sessions, ownForm, csrfOf } = createBrowserSession('sandbox');

  router.use('/_sandbox', onlyByItsOwnName);
  router.use(consoleApi(world));
  router.use('/_sandbox', sessions);

  router.get('/_sandbox', (request, response) => {
    response.render('console', {
      title: 'Console',
      provider: 'sandbox',
      csrf: csrfOf(request),
      notice: takeNotice(request),
      chosen: request.session.filledIn ?? { times: '1', seconds: '3' },
      failures: Object.entries(FAILURES).map(([at, named]) => [at, [...named.keys()]]),
      active: world.failures.active,
      sites: [
        ['rally', 'Rally', world.rally],
        ['gocd', 'GoCD', world.gocd],
      ],
      now: world.clock.now(),
      issued: issuedIn(world),
      exchanges: world.received.all.slice(-SHOWN).reverse(),
    });
  });

  for (const [name, { change }] of Object.entries(switches)) {
    router.post(`/_sandbox/switches/${name}`, ownForm, (request: Request, response: Response) => {
      const sent = filledIn(request);
      if ('name' in sent && 'seconds' in sent) request.session.filledIn = sent;
      const text = change(world, sent) ?? 'That was not understood; nothing was done.';
      request.session.notice = { text };
      response.redirect(303, '/_sandbox');
    });
  }
  router.post('/_sandbox/forget', ownForm, (_request: Request, response: Response) => {
    world.received.clear();
    response.redirect(303, '/_sandbox');
  });
  return router;
}

/** What a person has filled in: a form sends its empty fields, too. */
function filledIn({ body }: Request): Record<string, unknown> {
  const entries = Object.entries(body as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter(([name, value]) => name !== 'csrf_token' && value !== ''),
  );
}

/** A name of somebody else's that leads to 127.0.0.1 would let their pages read this one. */
const onlyByItsOwnName: RequestHandler = (request, response, next) => {
  if (LOOPBACK.test(request.hostname)) next();
  else response.status(403).json({ error: 'The console answers to localhost alone.' });
};
