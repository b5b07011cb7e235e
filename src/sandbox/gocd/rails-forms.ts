import { Router, type Request } from 'express';
import type { Login } from '../login.js';
import type { GocdPerson } from './people.js';

/**
 * Stands before routes that change something. It refuses forged requests of every method, and takes
 * PUT and DELETE from the field in which Rails hides them: a browser's forms cannot send these.
 */
export function railsForms(login: Login<GocdPerson>): Router {
  const router = Router();
  router.use((request, _response, next) => {
    next(request.method === 'GET' || request.method === 'HEAD' ? 'router' : undefined);
  });
  router.use(login.ownForm);
  router.use((request, _response, next) => {
    const hidden = fieldOf(request, '_method').toUpperCase();
    const isHidden = request.method === 'POST' && (hidden === 'PUT' || hidden === 'DELETE');
    if (isHidden) request.method = hidden;
    next();
  });
  return router;
}

/** A field of a posted form, trimmed; empty where it is absent, or there twice. */
export function fieldOf({ body }: Request, name: string): string {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.trim() : '';
}
