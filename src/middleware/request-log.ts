import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { v4 as uuid } from 'uuid';
import { describeError } from '../log.js';

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
    wrapSerializers: false, // ours are to see the error itself, not pino's copy with all its fields
    serializers: {
      err: describeError,
      req: ({ id, method, originalUrl }: Request) => ({
        id,
        method,
        path: originalUrl.split(/[?#]/, 1)[0]?.slice(0, 200),
      }),
      res: ({ statusCode }: Response) => ({ status: statusCode }),
    },
    // What failed has been logged by middleware/errors.ts, under the same id.
    customErrorObject: (_request, _response, _error, { err, ...facts }: { err: unknown }) => facts,
    customErrorMessage: () => 'request answered',
    customSuccessMessage: () => 'request answered',
  });
}
