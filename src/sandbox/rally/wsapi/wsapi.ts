// Rally's Web Services API v2.0. Sources: the envelopes and limits in Rally's toolkits
// (RallyTools/rally-node, pyral, flowdock's fixtures) and Broadcom's articles.
import { Router, type ErrorRequestHandler, type Request, type Response } from 'express';
import { barePage } from '../../bare-page.js';
import type { World } from '../../world.js';
import { answer } from './answer.js';
import { authenticate, callerIn } from './authenticate.js';
import type { Caller } from '../caller.js';
import type { WsapiObject } from './objects.js';
import { parameter } from './parameters.js';
import { queryResult } from './query-result.js';
import { Representation, type Fetch } from './representation.js';
import { isFieldOfAnyType, typeAt } from './schema.js';
import { objectsInScope } from './scope.js';
import { throttle } from './throttle.js';
import { writes } from './writes.js';

export function wsapi(world: World, origin: string): Router {
  const router = Router();
  const { objects } = world.rally;
  const base = `${origin}/slm/webservice/v2.0`;
  const representation = (fetch: Fetch) => new Representation(objects, base, fetch);

  router.use(authenticate(world.rally));
  router.use(world.failures.at({ name: 'wsapi', provider: 'rally', clientOf }));
  router.use(throttle());

  router.get('/:type', async (request, response, next) => {
    const type = typeAt(request.params.type);
    if (!type) {
      next();
      return;
    }
    const caller = userWhoAsks(response);
    // There is one subscription; and of all users the one who asks is meant.
    if (parameter(request, 'query') === undefined) {
      const [subscription] = objects.all('Subscription');
      if (type.name === 'User') return one(request, response, caller);
      if (type.name === 'Subscription') return one(request, response, subscription);
    }
    const inScope = () => objectsInScope(request, type, caller, objects);
    const rows = representation(fetched(request) ?? new Set());
    await answer(request, response, queryResult(request, type.name, inScope, rows));
  });

  router.get('/:type/:objectId', async (request, response, next) => {
    const type = typeAt(request.params.type);
    if (!type) {
      next();
      return;
    }
    await one(request, response, objects.find(type.name, Number(request.params.objectId)));
  });

  router.get('/:type/:objectId/:collection', async (request, response, next) => {
    const type = typeAt(request.params.type);
    const name = request.params.collection.toLowerCase();
    const entries = [...(type?.collections ?? [])];
    const collection = entries.find(([each]) => each.toLowerCase() === name)?.[1];
    if (!type || !collection) {
      next();
      return;
    }
    const object = objects.find(type.name, Number(request.params.objectId));
    if (!object) return one(request, response, object);
    const members = () => collection.of(object, objects);
    const rows = representation(fetched(request) ?? new Set());
    await answer(request, response, queryResult(request, collection.type, members, rows));
  });

  router.use(writes(world, base));

  // What Jetty answers where there is nothing.
  router.use((_request, response) => {
    response.status(404).type('html').end(barePage('Error 404 Not Found'));
  });
  router.use(badRequest);
  return router;

  function userWhoAsks(response: Response): WsapiObject {
    const user = objects.find('User', callerIn(response).person.objectId);
    if (!user) throw new Error('Somebody who may ask is not a user.');
    return user;
  }

  async function one(request: Request, response: Response, object?: WsapiObject): Promise<void> {
    if (!object) {
      await answer(request, response, {
        OperationResult: { Errors: ['Cannot find object to read'], Warnings: [] },
      });
      return;
    }
    const members = representation(fetched(request) ?? 'true').of(object);
    await answer(request, response, { [object.type]: { ...members, Errors: [], Warnings: [] } });
  }
}

function clientOf({ res: response }: Request): string | undefined {
  return (response?.locals['caller'] as Caller | undefined)?.client?.id;
}

function fetched(request: Request): Fetch | undefined {
  const fetch = parameter(request, 'fetch');
  if (fetch === undefined) return undefined;
  const names = fetch.split(',').map((name) => name.trim());
  if (names.includes('true')) return 'true';
  return new Set(names.filter(isFieldOfAnyType));
}

/** A body that cannot be read, or an address that cannot be decoded. */
const badRequest: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (!(error instanceof Error) || status >= 500 || response.headersSent) {
    next(error);
    return;
  }
  response.status(status).json({
    OperationResult: { Errors: [`Could not parse: ${error.message}`], Warnings: [] },
  });
};
