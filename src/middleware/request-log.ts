import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { v4 as uuid } from 'uuid';

/**
 * One line per request. The query is left out: at the redirect URI it holds the code and the
 * state. Headers are left out: they hold the session cookie.
 */
export function requestLog(log: Logger): RequestHandler {
  return pinoHttp({
    logger: log,
    autoLogging: {
      ignore: ({ url }) => url === '/healthz' || url.startsWith('/public/'),
    },
    genReqId: () => uuid(), // never the visitor's own X-Request-Id: log lines could be forged
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        path: url.split('?', 1)[0]?.slice(0, 200),
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
    },
    customLogLevel: (_request, response, error) =>
      error || response.statusCode >= 500 ? 'error' : 'info',
    customErrorMessage: () => 'request failed',
    customSuccessMessage: () => 'request answered',
  });
}
