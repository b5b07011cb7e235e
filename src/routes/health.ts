// For the platform that runs this app: is the process alive, and can it serve sessions?
import type { RequestHandler } from 'express';
import type { SessionStore } from '../session/store.js';

export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Without its sessions the process can sign nobody in: traffic should go to another. */
export function readyz(store: SessionStore): RequestHandler {
  return async (_request, response) => {
    await store.check();
    response.json({ status: 'ready' });
  };
}
