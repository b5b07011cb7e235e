// #/keys, API Keys: create, edit, reset, delete; and for the subscription administrator the switch
// that turns them off for everybody.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { formField } from '../form-field.js';
import { API_KEYS_ARE_DISABLED, type ApiKey } from './api-keys.js';
import type { Manager } from './application-manager.js';
import type { Rally } from './rally.js';

export function apiKeysTab({ apiKeys }: Rally, manager: Manager): Router {
  const router = Router();

  const refuse = (request: Request, response: Response, status: 400 | 403, text: string) => {
    const { path: form } = request;
    const entered = { name: formField(request, 'name'), access: formField(request, 'access') };
    manager.refuse(request, response, { status, text, tab: 'keys', form, entered });
  };
  const ifEnabled: RequestHandler = (request, response, next) => {
    if (apiKeys.areEnabled) next();
    else refuse(request, response, 403, API_KEYS_ARE_DISABLED);
  };
  const ifNamed: RequestHandler = (request, response, next) => {
    if (formField(request, 'name') !== '') next();
    else refuse(request, response, 400, 'An API Key needs a name.');
  };
  /** The administrator sees, deletes and resets everybody's keys. */
  const ifVisible: RequestHandler = (request, response, next) => {
    const keys = apiKeys.visibleTo(manager.personOf(response));
    const key = keys.find(({ id }) => id === request.params['id']);
    response.locals['key'] = key;
    if (key) next();
    else manager.notFound(response);
  };
  /** A name is for its owner to change. */
  const ifOwn: RequestHandler = (_request, response, next) => {
    if (keyIn(response).person === manager.personOf(response)) next();
    else manager.notFound(response);
  };

  router.post('/keys', ifEnabled, ifNamed, (request, response) => {
    apiKeys.create(manager.personOf(response), formField(request, 'name'), isReadOnly(request));
    manager.done(request, response, 'keys', 'The API Key was created.');
  });
  router.post('/keys/:id', ifVisible, ifOwn, ifEnabled, ifNamed, (request, response) => {
    apiKeys.edit(keyIn(response), formField(request, 'name'), isReadOnly(request));
    manager.done(request, response, 'keys', 'The API Key was changed.');
  });
  router.post('/keys/:id/reset', ifVisible, ifEnabled, (request, response) => {
    apiKeys.reset(keyIn(response));
    const text = 'The API Key has a new secret_key. The old one no longer works.';
    manager.done(request, response, 'keys', text);
  });
  router.post('/keys/:id/delete', ifVisible, (request, response) => {
    apiKeys.delete(keyIn(response));
    manager.done(request, response, 'keys', 'The API Key was deleted.');
  });

  router.post('/subscription/api-keys', (request, response) => {
    if (!manager.personOf(response).isAdministrator) {
      manager.notFound(response);
      return;
    }
    apiKeys.areEnabled = formField(request, 'enabled') === 'yes';
    const state = apiKeys.areEnabled ? 'enabled' : 'disabled';
    manager.done(request, response, 'keys', `API Keys are ${state} for this subscription.`);
  });

  return router;
}

function keyIn({ locals }: Response): ApiKey {
  return locals['key'] as ApiKey;
}

function isReadOnly(request: Request): boolean {
  return formField(request, 'access') === 'read-only';
}
