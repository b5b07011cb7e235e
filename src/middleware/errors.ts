import type { ErrorRequestHandler } from 'express';
import { UpstreamError } from '../http.js';
import { StateMismatchError } from '../oauth/errors.js';
import { anchorOf, failedStep } from '../walkthrough/failed-step.js';
import { isSigningIn } from '../walkthrough/recorder.js';
import { errorPage } from './error-page.js';

/** The one place where an error becomes an answer: a page, or JSON for who asks for that. */
export function errors(serverUrl: string): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const page = errorPage(error, {
      provider: response.locals.provider,
      serverUrl,
      path: request.path,
    });
    const { provider } = response.locals;
    const step = provider && failedStep(error, isSigningIn(request));
    if (step) {
      const { status, title, happened } = page;
      response.locals.failure = { step, status, title, happened };
    }
    const facts = {
      code: page.code,
      provider: response.locals.provider?.id,
      ...(error instanceof StateMismatchError && { reason: error.reason }),
      ...(error instanceof UpstreamError && {
        upstream: { status: error.status, contentType: error.contentType, excerpt: error.excerpt },
      }),
    };
    const isLeft = error instanceof UpstreamError && error.failure === 'cancelled';
    if (page.status >= 500 && !isLeft) request.log.error({ ...facts, err: error }, page.title);
    else request.log.info(facts, page.title);

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
    response.render('error', {
      title: page.title,
      page,
      id: request.id,
      walkthrough: step && `/walkthrough#${anchorOf(provider.id, step)}`,
    });
  };
}
