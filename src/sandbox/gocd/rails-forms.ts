import { Router } from 'express';
import { formField } from '../form-field.js';
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
    const hidden = formField(request, '_method').toUpperCase();
    const isHidden = request.method === 'POST' && (hidden === 'PUT' || hidden === 'DELETE');
    if (isHidden) request.method = hidden;
    next();
  });
  return router;
}
