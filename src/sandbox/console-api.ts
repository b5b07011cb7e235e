// The console for programs. JSON alone: no page of another site can send that without asking first
// (CORS), and nobody allows it. No cookie takes part.
import express, {
  Router,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { EXPIRE, NAMES, switches } from './switches.js';
import type { World } from './world.js';

export function consoleApi(world: World): Router {
  const router = Router();
  const state = () => ({
    failures: NAMES,
    atOnce: [EXPIRE],
    active: world.failures.active,
    now: new Date(world.clock.now()).toISOString(),
  });
  router.get('/_sandbox/failures', (_request, response) => {
    response.json(state());
  });
  for (const [name, { change, expects }] of Object.entries(switches)) {
    const path = `/_sandbox/${name}`;
    router.post(path, json, (request: Request, response: Response) => {
      const done = change(world, request.body);
      if (done === undefined) {
        response.status(400).json({ error: `Not understood. Send ${expects}.`, ...state() });
      } else {
        response.json({ done, active: world.failures.active });
      }
    });
    router.use(path, unreadable);
  }
  return router;
}

const json: RequestHandler[] = [
  (request, response, next) => {
    if (request.is('application/json')) next();
    else response.status(415).json({ error: 'Send JSON, with Content-Type: application/json.' });
  },
  express.json({ limit: '20kb' }),
];

const unreadable: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof SyntaxError) response.status(400).json({ error: 'This is not JSON.' });
  else next(error);
};
