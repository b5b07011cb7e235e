import type { ErrorRequestHandler } from 'express';
import { ForgeryError, SessionEndedError, TooManyRequestsError } from '../errors.js';
import { UpstreamError } from '../http/upstream-error.js';
import { maskText } from '../mask.js';
import { OAuthError } from '../oauth/errors.js';
import { SessionStoreError } from '../session/store.js';
import { anchorOf, failedStep } from '../walkthrough/failed-step.js';
import { hasTakenSignIn } from '../walkthrough/recorder.js';
import { errorPage } from './error-page.js';

/** The one place where an error becomes an answer: a page, or JSON for who asks for that. */
export function errors(serverUrl: string): ErrorRequestHandler {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows it by its four parameters
  return (error: unknown, request, response, _next) => {
    const page = errorPage(error, {
      provider: response.locals.provider,
      serverUrl,
      address: request.originalUrl,
    });
    const { provider } = response.locals;
    const step = provider && failedStep(error, hasTakenSignIn(request));
    if (step) {
      const { status, title, happened } = page;
      response.locals.failure = { step, status, title, happened, requestId: request.id };
    }
    const facts = {
      code: page.code,
      provider: response.locals.provider?.id,
      ...securityEvent(error),
      ...(response.headersSent && { brokenOff: true }),
      ...(error instanceof UpstreamError && {
        upstream: { status: error.status, contentType: error.contentType, excerpt: error.excerpt },
      }),
    };
    if (page.status >= 500 && !isExplained(error)) {
      request.log.error({ ...facts, err: error }, page.title);
    } else {
      const isNotable = 'event' in facts || error instanceof SessionStoreError;
      request.log[isNotable ? 'warn' : 'info'](facts, page.title);
    }

    // Nothing can be mended in an answer that is half sent, but it must not end as if it were whole.
    // Not by Express, which would print the error as it is.
    if (response.headersSent) {
      // SECURITY.md E7: half a file must not look like a whole one.
      response.destroy();
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

/** What whoever watches over the log may want to count. */
const SECURITY_EVENTS = [
  [OAuthError, 'sign-in refused'],
  [SessionEndedError, 'sign-in refused'],
  [TooManyRequestsError, 'sign-in refused'],
  [ForgeryError, 'form refused'],
] as const;

function securityEvent(error: unknown): { event: string; reason: string } | undefined {
  const [, event] = SECURITY_EVENTS.find(([kind]) => error instanceof kind) ?? [];
  if (event === undefined || !(error instanceof Error)) return undefined;
  // A code of the provider's may be part of the reason, and anybody can make one up.
  return { event, reason: maskText(error.message).slice(0, 200) };
}

/** The browser has left; or the store is away, which its own line says once for all requests. */
function isExplained(error: unknown): boolean {
  return (
    error instanceof SessionStoreError ||
    (error instanceof UpstreamError && error.failure === 'cancelled')
  );
}
