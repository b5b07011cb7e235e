// GET /_sandbox: what the sandbox was asked, what it issued, and the switches that make it fail. It
// is open to everybody on this machine, and so shows no whole secret.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { createBrowserSession, takeNotice } from './browser-session.js';
import { consoleApi } from './console-api.js';
import { FAILURES } from './failures.js';
import { mask } from './received.js';
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
      world,
      failures: FAILURES,
      mask,
      exchanges: world.received.all.slice(-SHOWN).reverse(),
    });
  });

  const form = (path: string, action: (fields: Record<string, string>) => string | undefined) => {
    router.post(`/_sandbox/switches/${path}`, ownForm, (request: Request, response: Response) => {
      const text = action(request.body as Record<string, string>);
      if (text !== undefined) request.session.notice = { text };
      response.redirect(303, '/_sandbox');
    });
  };

  form('on', ({ name = '', times = '', client = '', seconds = '' }) => {
    if (!Object.values(FAILURES).some((failures) => Object.hasOwn(failures, name)))
      return undefined;
    world.failures.switchOn({
      name,
      times: Number(times) > 0 ? Number(times) : undefined,
      client: client === '' ? undefined : client,
      provider: undefined,
      seconds: Number(seconds) > 0 ? Number(seconds) : 3,
    });
    return `${name} is on.`;
  });
  form('off', ({ name = '' }) => {
    world.failures.switchOff(name === '' ? undefined : name);
    return name === '' ? 'Every failure is off.' : `${name} is off.`;
  });
  form('expire-access-tokens', () => {
    world.rally.grants.expireAccessTokens();
    world.gocd.grants.expireAccessTokens();
    return 'No access token that was issued so far works any more; refresh tokens do.';
  });
  form('clock', ({ minutes = '' }) => {
    world.clock.putForward(Math.min(Math.max(Number(minutes) || 0, 0), 1_000_000) * 60_000);
    return `It is now ${new Date(world.clock.now()).toUTCString()} here.`;
  });
  form('people', ({ provider = '', userName, status = '' }) => {
    const people = provider === 'rally' || provider === 'gocd' ? world[provider].people : [];
    const person = people.find((each) => each.userName === userName);
    if (!person || (status !== 'active' && status !== 'disabled' && status !== 'deleted')) {
      return undefined;
    }
    person.status = status;
    return `${person.displayName} is ${status}.`;
  });
  form('forget', () => {
    world.received.clear();
    return undefined;
  });
  return router;
}

/** A name of somebody else's that leads to 127.0.0.1 would let their pages read this one. */
const onlyByItsOwnName: RequestHandler = (request, response, next) => {
  if (LOOPBACK.test(request.hostname)) next();
  else response.status(403).json({ error: 'The console answers to localhost alone.' });
};
