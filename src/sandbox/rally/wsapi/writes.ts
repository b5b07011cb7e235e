// Creating, changing and deleting. Status 200 says only that the request was understood: whether it
// was done stands in `Errors`.
import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import type { World } from '../../world.js';
import { answer } from './answer.js';
import { createArtifact, deleteArtifact, updateArtifact } from './artifacts.js';
import { callerIn } from './authenticate.js';
import { changesIn, elementsIn } from './changes.js';
import { WsapiError } from './field-path.js';
import type { WsapiObject } from './objects.js';
import { Representation } from './representation.js';
import { typeAt, type ObjectType } from './schema.js';
import { defaultOf, projectOf } from './scope.js';
import { updateUser } from './users.js';

/** What was done; some of what was sent may have been left out of account. */
interface Done {
  readonly object: WsapiObject;
  readonly warnings: readonly string[];
}

/** @throws {WsapiError} where it cannot be done; then nothing of it has been */
type Operation = (
  type: ObjectType,
  request: Request<{ type: string; objectId?: string }>,
  response: Response,
) => Done;

export function writes({ rally: { objects }, clock }: World, base: string): Router {
  const now = () => new Date(clock.now()).toISOString();

  const create: Operation = (type, request, response) => {
    refuseUnlessArtifact(type, 'create');
    const changes = changesIn(elementsIn(request.body, type), type, objects);
    const caller = objects.find('User', callerIn(response).person.objectId);
    const inProfile = caller ? defaultOf(caller, 'DefaultProject') : null;
    const project = projectOf(request, objects) ?? inProfile;
    const object = createArtifact(type, changes, project, objects, now());
    return { object, warnings: changes.warnings };
  };

  const update: Operation = (type, request, response) => {
    const object = existing(type, request.params.objectId);
    const elements = elementsIn(request.body, type);
    if (type.name === 'User') {
      return { object, warnings: updateUser(object, elements, callerIn(response).person) };
    }
    refuseUnlessArtifact(type, 'update');
    const changes = changesIn(elements, type, objects);
    if (!isUpToDate(object, elements['_objectVersion'])) {
      throw new WsapiError(
        'Concurrency conflict: [Object has been modified since being read for update in this context]',
      );
    }
    updateArtifact(object, changes, objects, now());
    return { object, warnings: changes.warnings };
  };

  const remove: Operation = (type, request) => {
    const object = existing(type, request.params.objectId);
    refuseUnlessArtifact(type, 'delete');
    deleteArtifact(object, objects);
    return { object, warnings: [] };
  };

  const carryOut =
    (
      envelope: 'CreateResult' | 'OperationResult',
      operation: Operation,
    ): RequestHandler<{ type: string; objectId?: string }> =>
    async (request, response, next) => {
      const type = typeAt(request.params.type);
      if (!type) {
        next();
        return;
      }
      try {
        const { object, warnings } = operation(type, request, response);
        const Object = new Representation(objects, base, 'true').of(object);
        await answer(request, response, { [envelope]: { Errors: [], Warnings: warnings, Object } });
      } catch (error) {
        if (!(error instanceof WsapiError)) throw error;
        await answer(request, response, { [envelope]: { Errors: [error.message], Warnings: [] } });
      }
    };

  function existing(type: ObjectType, objectId: string | undefined): WsapiObject {
    const object = objects.find(type.name, Number(objectId));
    if (!object) throw new WsapiError('Cannot find object to read');
    return object;
  }

  const router = Router();
  // Clients of all kinds leave out the content type, and WSAPI knows no other than JSON.
  router.use(express.json({ type: () => true, limit: '1mb' }));
  router
    .route('/:type/create')
    .post(carryOut('CreateResult', create))
    .put(carryOut('CreateResult', create));
  router
    .route('/:type/:objectId')
    .post(carryOut('OperationResult', update))
    .put(carryOut('OperationResult', update)) // RallyTools/rally-node updates so
    .delete(carryOut('OperationResult', remove));
  return router;
}

/** The types that have a FormattedID: people's work, which everybody may change here. */
function refuseUnlessArtifact({ name, prefix }: ObjectType, action: string): void {
  if (prefix === undefined) {
    throw new WsapiError(`Not authorized to perform action: ${action} ${name}`);
  }
}

/** Whoever sends no version does not care. WSAPI writes versions as text; numbers are taken, too. */
function isUpToDate({ version }: WsapiObject, sent: unknown): boolean {
  return sent === undefined || sent === version || sent === String(version);
}
