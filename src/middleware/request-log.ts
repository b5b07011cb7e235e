import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { v4 as uuid } from 'uuid';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express's types are extended so
  namespace Express {
    interface Request {
      /** In all log lines of this request, and on its error page. */
      id: string;
      /** For lines about this request. */
      log: Logger;
    }
  }
}

/**
 * One line per request, when it is answered or its browser has left. The query is left out: at the
 * redirect URI it holds the code and the state. Headers are left out: they hold the session cookie.
 */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const from = performance.now();
    request.id = uuid(); // never the visitor's own X-Request-Id: log lines could be forged
    request.log = log.child({
      req: {
        id: request.id,
        method: request.method,
        path: pathOf(request), // SECURITY.md F6: without the query, which may hold a code
      },
    });
    response.once('close', () => {
      if (isOfNoInterest(request)) return;
      const res = {
        status: response.statusCode,
        ...(!response.writableFinished && { aborted: true }),
      };
      const responseTime = Math.round(performance.now() - from);
      request.log.info({ res, responseTime }, 'request answered');
    });
    next();
  };
}

function pathOf({ originalUrl }: Request): string {
  return originalUrl.split(/[?#]/, 1)[0]?.slice(0, 200) ?? '';
}

function isOfNoInterest({ originalUrl }: Request): boolean {
  return originalUrl === '/healthz' || originalUrl.startsWith('/public/');
}
