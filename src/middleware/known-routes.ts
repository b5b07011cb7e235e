import type { Express, RequestHandler } from 'express';
import { MethodNotAllowedError, NotConfiguredError, NotFoundError } from '../errors.js';
import type { Provider, ProviderFacts } from '../providers/provider.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express's types are extended so
  namespace Express {
    interface Locals {
      /** Whose route this is, for the words of its error page. */
      provider?: Provider;
    }
  }
}

/**
 * Makes the routes of one provider; 404 with the variables to set where it is not configured.
 *
 * @returns a function that turns what is made from the configured provider into a handler
 */
export function routesOf<P extends Provider>(facts: ProviderFacts, provider: P | undefined) {
  return (handlerFor: (provider: P) => RequestHandler): RequestHandler => {
    if (!provider) {
      return () => {
        throw new NotConfiguredError(facts);
      };
    }
    const handler = handlerFor(provider);
    return (request, response, next) => {
      response.locals.provider = provider;
      return handler(request, response, next);
    };
  };
}

type Handlers = readonly (RequestHandler | readonly RequestHandler[])[];

/**
 * Adds paths to the app; a path's other methods answer 405, with what is allowed.
 *
 * @returns a function that takes a path, and the handlers of each method that it knows
 */
export function addPathsTo(app: Express) {
  return (path: string, { get, post }: { get?: Handlers; post?: Handlers }): void => {
    const route = app.route(path);
    if (get) route.get(...get.flat());
    if (post) route.post(...post.flat());
    route.all(() => {
      throw new MethodNotAllowedError([...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])]);
    });
  };
}

/** Stands after all routes. */
export const notFound: RequestHandler = () => {
  throw new NotFoundError('no such page');
};
