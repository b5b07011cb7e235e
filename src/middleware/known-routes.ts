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
 * Makes the handlers of one provider's routes; 404 with the variables to set where it is not
 * configured.
 *
 * @returns a function that takes what stands before a handler, and how to make the handler from the
 *   configured provider
 */
export function routesOf<P extends Provider>(facts: ProviderFacts, provider: P | undefined) {
  return (
    before: readonly RequestHandler[],
    handlerFor: (provider: P) => RequestHandler,
  ): readonly RequestHandler[] => {
    if (!provider) return [refuse(new NotConfiguredError(facts))];
    const tellWhose: RequestHandler = (_request, response, next) => {
      response.locals.provider = provider;
      next();
    };
    return [tellWhose, ...before, handlerFor(provider)];
  };
}

/** The same for the routes of the sign-in, which a provider has only where it knows this app. */
export function signInRoutesOf<P extends Provider>(facts: ProviderFacts, provider: P | undefined) {
  if (!provider || provider.isRegistered) return routesOf(facts, provider);
  return () => [refuse(new NotConfiguredError(facts, provider.ownCredential))];
}

function refuse(error: NotConfiguredError): RequestHandler {
  return () => {
    throw error;
  };
}

interface Methods {
  readonly get?: readonly RequestHandler[];
  /**
   * In place of `get` where a visit changes something: a link scanner's HEAD would begin a sign-in, or
   * spend the code of one.
   */
  readonly onlyGet?: readonly RequestHandler[];
  readonly post?: readonly RequestHandler[];
}

/**
 * Adds paths to the app; a path's other methods answer 405, with what is allowed.
 *
 * @returns a function that takes a path, and the handlers of each method that it knows
 */
export function addPathsTo(app: Express) {
  return (path: string, { get, onlyGet, post }: Methods): void => {
    const route = app.route(path);
    const refuse: RequestHandler = () => {
      throw new MethodNotAllowedError([
        ...(get ? ['GET', 'HEAD'] : []),
        ...(onlyGet ? ['GET'] : []),
        ...(post ? ['POST'] : []),
      ]);
    };
    if (onlyGet) route.head(refuse).get(...onlyGet); // Express answers HEAD by what is there for GET
    if (get) route.get(...get);
    if (post) route.post(...post);
    route.all(refuse);
  };
}

/** Stands after all routes. */
export const notFound: RequestHandler = () => {
  throw new NotFoundError('no such page');
};
