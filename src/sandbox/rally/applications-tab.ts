// #/apps, Authorized Applications: what a person has allowed to act for them.
import { Router } from 'express';
import type { Manager } from './application-manager.js';
import type { Rally } from './rally.js';

export function applicationsTab({ grants }: Rally, manager: Manager): Router {
  const router = Router();
  router.post('/apps/:id/remove', (request, response) => {
    const mine = grants.of(manager.personOf(response));
    const grant = mine.find(({ id }) => id === request.params.id);
    if (!grant) {
      manager.notFound(response);
      return;
    }
    grants.remove(grant);
    const { name } = grant.client;
    manager.done(
      request,
      response,
      'apps',
      `${name} can no longer use your Rally data. To allow it again, sign in from ${name}.`,
    );
  });
  return router;
}
