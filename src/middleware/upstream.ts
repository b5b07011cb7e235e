import type { RequestHandler } from 'express';
import { Upstream, type ProviderClient } from '../http/upstream.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express's types are extended so
  namespace Express {
    interface Request {
      /** The way to the providers, for as long as this request may take. */
      upstream: Upstream;
    }
  }
}

/** Gives each request its own way to the providers. */
export function upstream(client: ProviderClient): RequestHandler {
  return (request, response, next) => {
    request.upstream = new Upstream(client, response);
    next();
  };
}
