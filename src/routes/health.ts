// For the platform that runs this app: is the process alive, and can it serve sessions?
import type { RequestHandler } from 'express';
import { SessionStoreError, type SessionStore } from '../session/store.js';

export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/**
 * Without its sessions the process can sign nobody in: traffic should go to another. JSON whatever is
 * asked for: the answer is for programs, and most of them ask for nothing.
 */
export function readyz(store: SessionStore): RequestHandler {
  return async (_request, response) => {
    try {
      await store.check();
    } catch (error) {
      if (!(error instanceof SessionStoreError)) throw error;
      response.status(503).set('Retry-After', '5');
      response.json({ status: 'not ready', error: 'session_store_away' });
      return;
    }
    response.json({ status: 'ready' });
  };
}
