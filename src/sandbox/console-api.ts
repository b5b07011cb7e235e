// The console for programs. JSON alone: no page of another site can send that without asking first
// (CORS), and nobody allows it. No cookie takes part.
import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { FAILURES } from './failures.js';
import type { World } from './world.js';

/** Failures that do not wait for a request. */
const AT_ONCE = 'expire-access-tokens';

const NAMES = Object.values(FAILURES).flatMap((failures) => Object.keys(failures));

const Switch = z.union([
  z.strictObject({ name: z.literal(AT_ONCE) }).transform(() => ({ kind: 'at once' as const })),
  z
    .strictObject({
      name: z.enum(NAMES as [string, ...string[]]),
      /** How many requests it strikes; until it is switched off where it is left out. */
      times: z.int().min(1).max(1_000_000).optional(),
      /** The id of the one client that it strikes. */
      client: z.string().min(1).optional(),
      provider: z.enum(['rally', 'gocd']).optional(),
      /** How late a slow answer comes. */
      seconds: z.number().min(0).max(600).default(3),
    })
    .transform((on) => ({ kind: 'on' as const, on })),
  z
    .strictObject({ off: z.enum(['all', ...NAMES]) })
    .transform(({ off }) => ({ kind: 'off' as const, off })),
]);

const ClockChange = z.strictObject({ forwardSeconds: z.number().min(0).max(1_000_000_000) });

const PersonChange = z.strictObject({
  provider: z.enum(['rally', 'gocd']),
  userName: z.string(),
  status: z.enum(['active', 'disabled', 'deleted']),
});

export function consoleApi(world: World): Router {
  const router = Router();
  const state = () => ({ failures: NAMES, atOnce: [AT_ONCE], active: world.failures.active });

  router.get('/_sandbox/failures', (_request, response) => {
    response.json(state());
  });
  router.post('/_sandbox/failures', json, (request: Request, response: Response) => {
    const asked = Switch.safeParse(request.body);
    if (!asked.success) {
      response.status(400).json({
        error: `Send {"name":"wsapi-503","times":1}, {"off":"wsapi-503"} or {"off":"all"}; with name also client, provider and seconds.`,
        failures: NAMES,
        atOnce: [AT_ONCE],
      });
      return;
    }
    applySwitch(world, asked.data);
    response.json(state());
  });
  router.post('/_sandbox/clock', json, (request: Request, response: Response) => {
    const asked = ClockChange.safeParse(request.body);
    if (!asked.success) {
      response.status(400).json({ error: 'Send {"forwardSeconds":60}.' });
      return;
    }
    world.clock.putForward(asked.data.forwardSeconds * 1000);
    response.json({ now: new Date(world.clock.now()).toISOString() });
  });
  router.post('/_sandbox/people', json, (request: Request, response: Response) => {
    const asked = PersonChange.safeParse(request.body);
    const people = asked.success ? world[asked.data.provider].people : [];
    const person = people.find(({ userName }) => userName === asked.data?.userName);
    if (!asked.success || !person) {
      response.status(400).json({
        error:
          'Send {"provider":"rally","userName":"ada@example.test","status":"disabled"}; or active, or deleted.',
      });
      return;
    }
    person.status = asked.data.status;
    response.json({ userName: person.userName, status: person.status });
  });
  return router;
}

function applySwitch(world: World, asked: z.infer<typeof Switch>): void {
  switch (asked.kind) {
    case 'on': {
      const { name, times, client, provider, seconds } = asked.on;
      world.failures.switchOn({ name, times, client, provider, seconds });
      break;
    }
    case 'off':
      world.failures.switchOff(asked.off === 'all' ? undefined : asked.off);
      break;
    default:
      world.rally.grants.expireAccessTokens();
      world.gocd.grants.expireAccessTokens();
  }
}

const json: RequestHandler[] = [
  (request, response, next) => {
    if (request.is('application/json')) next();
    else response.status(415).json({ error: 'Send JSON, with Content-Type: application/json.' });
  },
  express.json({ limit: '20kb' }),
];
