import { join } from 'node:path';
import ejs from 'ejs';
import type { Express } from 'express';
import type { Config } from './config.js';

/** That a sandbox stands in, where it is, and who can sign in there. */
export interface Notice {
  readonly words: string;
  readonly url: string;
}

/**
 * Sets what is not as Express has it by itself.
 *
 * @param notice shown on every page where a sandbox stands in
 */
export function configureExpress(app: Express, { isHttps }: Config, notice?: Notice): void {
  const views = join(import.meta.dirname, '../views');
  app
    .set('views', views)
    .set('view engine', 'ejs')
    .engine('ejs', (file, locals, done) => {
      const cache = app.enabled('view cache');
      const options = {
        // A view takes what it is given from `locals`. EJS's own way, a `with` statement, makes each name
        // a search, and a view takes longer by two thirds.
        strict: true,
        root: views, // of its partials
        cache,
        compileDebug: !cache, // notes the line that it is at, for each piece of a view that is written
      };
      ejs.renderFile(file, locals, options, done);
    });
  app.locals['notice'] = notice;
  app.use((request, response, next) => {
    response.locals['currentPath'] = request.path; // which the header of every page marks
    next();
  });
  app.disable('x-powered-by');
  app.set('etag', false); // SECURITY.md D8: with an ETag a browser would keep pages and revalidate them
  if (isHttps) {
    app.set('trust proxy', 1); // the platform's router, for the visitor's address alone
    // Whether we are behind https is configured, and no header may say otherwise.
    Object.defineProperty(app.request, 'secure', { get: () => true });
  }
}
