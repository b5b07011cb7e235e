// For the platform that runs this app: is the process alive, and can it serve sessions?
import type { RequestHandler } from 'express';

export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** Sessions are in this process's memory, so they are there whenever it is. */
export const readyz: RequestHandler = (_request, response) => {
  response.json({ status: 'ready' });
};
