import type { RequestHandler } from 'express';
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
 * A route of one provider; 404 with the variables to set where that is not configured.
 *
 * @param handle makes the handler from the configured provider
 */
export function routeOf<P extends Provider>(
  facts: ProviderFacts,
  provider: P | undefined,
  handle: (provider: P) => RequestHandler,
): RequestHandler {
  if (!provider) {
    return () => {
      throw new NotConfiguredError(facts);
    };
  }
  const handler = handle(provider);
  return (request, response, next) => {
    response.locals.provider = provider;
    return handler(request, response, next);
  };
}

/** Stands last on a route: the path is known, the method is not. */
export const otherMethods: RequestHandler = (request) => {
  const { methods } = request.route as { methods: Record<string, boolean> };
  const allowed = Object.keys(methods).filter((name) => name !== '_all');
  if (allowed.includes('get')) allowed.push('head');
  throw new MethodNotAllowedError(allowed.map((name) => name.toUpperCase()));
};

/** Stands after all routes. */
export const notFound: RequestHandler = () => {
  throw new NotFoundError('no such page');
};
