// #/keys, API Keys: create, edit, reset, delete; and for the subscription administrator the switch
// that turns them off for everybody.
import { Router, type Request, type Response } from 'express';
import { ApiKeysDisabledError, type ApiKey } from './api-keys.js';
import { fieldIn, type Manager } from './application-manager.js';
import type { RallyPerson } from './people.js';
import type { Rally } from './rally.js';

export function apiKeysTab({ apiKeys }: Rally, manager: Manager): Router {
  const router = Router();

  /** Does what changes a key, or shows why it cannot be done. */
  const change = (request: Request, response: Response, text: string, action: () => void) => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ApiKeysDisabledError)) throw error;
      manager.refuse(request, response, {
        status: 403,
        text: error.message,
        tab: 'keys',
        form: request.path,
        entered: {},
      });
      return;
    }
    manager.done(request, response, 'keys', text);
  };

  /** A key is named before anything is done with it; keys switched off are said first. */
  const named = (request: Request, response: Response): boolean => {
    const [name, access] = [fieldIn(request, 'name'), fieldIn(request, 'access')];
    if (name !== '' || !apiKeys.areEnabled) return true;
    manager.refuse(request, response, {
      status: 400,
      text: 'An API Key needs a name.',
      tab: 'keys',
      form: request.path,
      entered: { name, access },
    });
    return false;
  };

  router.post('/keys', (request, response) => {
    if (!named(request, response)) return;
    change(request, response, 'The API Key was created.', () => {
      apiKeys.create(manager.personOf(response), fieldIn(request, 'name'), isReadOnly(request));
    });
  });

  router.post('/keys/:id', (request, response) => {
    const key = find(request.params.id, manager.personOf(response), 'edit');
    if (!key) manager.notFound(response);
    else if (named(request, response)) {
      change(request, response, 'The API Key was changed.', () => {
        apiKeys.edit(key, fieldIn(request, 'name'), isReadOnly(request));
      });
    }
  });

  router.post('/keys/:id/reset', (request, response) => {
    const key = find(request.params.id, manager.personOf(response), 'reset');
    if (!key) manager.notFound(response);
    else {
      const text = 'The API Key has a new secret_key. The old one no longer works.';
      change(request, response, text, () => {
        apiKeys.reset(key);
      });
    }
  });

  router.post('/keys/:id/delete', (request, response) => {
    const key = find(request.params.id, manager.personOf(response), 'delete');
    if (!key) manager.notFound(response);
    else {
      change(request, response, 'The API Key was deleted.', () => {
        apiKeys.delete(key);
      });
    }
  });

  router.post('/subscription/api-keys', (request, response) => {
    if (!manager.personOf(response).isAdministrator) {
      manager.notFound(response);
      return;
    }
    apiKeys.areEnabled = fieldIn(request, 'enabled') === 'yes';
    const state = apiKeys.areEnabled ? 'enabled' : 'disabled';
    manager.done(request, response, 'keys', `API Keys are ${state} for this subscription.`);
  });

  /** The administrator deletes and resets everybody's keys; a name is for its owner to change. */
  function find(
    wanted: string,
    person: RallyPerson,
    to: 'edit' | 'reset' | 'delete',
  ): ApiKey | undefined {
    const key = apiKeys.visibleTo(person).find(({ id }) => id === wanted);
    return key && (to !== 'edit' || key.person === person) ? key : undefined;
  }

  return router;
}

function isReadOnly(request: Request): boolean {
  return fieldIn(request, 'access') === 'read-only';
}
