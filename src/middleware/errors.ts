import type { ErrorRequestHandler } from 'express';
import { UpstreamError } from '../http.js';
import { StateMismatchError } from '../oauth/errors.js';
import { SessionStoreError } from '../session/store.js';
import { errorPage } from './error-page.js';

/** The one place where an error becomes an answer: a page, or JSON for who asks for that. */
export function errors(serverUrl: string): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const page = errorPage(error, {
      provider: response.locals.provider,
      serverUrl,
      path: request.path,
    });
    const facts = {
      code: page.code,
      provider: response.locals.provider?.id,
      ...(error instanceof StateMismatchError && { reason: error.reason }),
      ...(error instanceof UpstreamError && {
        upstream: { status: error.status, contentType: error.contentType, excerpt: error.excerpt },
      }),
    };
    const isLeft = error instanceof UpstreamError && error.failure === 'cancelled';
    // The store has said by itself, once, that it is away: every request would repeat it with a stack.
    if (error instanceof SessionStoreError) {
      request.log.warn({ ...facts, reason: error.message }, page.title);
    } else if (page.status >= 500 && !isLeft) {
      request.log.error({ ...facts, err: error }, page.title);
    } else request.log.info(facts, page.title);

    // Nothing can be mended in an answer that is half sent; Express cuts the connection.
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(page.status).set({ ...page.headers });
    if (request.accepts(['html', 'json']) === 'json') {
      const { code, title, happened, next: nextStep } = page;
      response.json({ error: code, title, happened, next: nextStep, id: request.id });
      return;
    }
    response.render('error', { title: page.title, page, id: request.id });
  };
}
