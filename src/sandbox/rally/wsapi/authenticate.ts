import type { Request, RequestHandler, Response } from 'express';
import { refuseInJson, refuseWithPage } from './refusals.js';
import { callerOf, type Caller } from '../caller.js';
import type { Rally } from '../rally.js';

/** Lets those in whose access token or API key is good. */
export function authenticate(rally: Rally): RequestHandler {
  return (request, response, next) => {
    // The token travels as a header or a cookie of this name (Rally's README, "API Key").
    const inHeader = request.get('zsessionid');
    const inCookie = /(?:^|;\s*)zsessionid=([^;]+)/i.exec(request.get('Cookie') ?? '')?.[1];
    const credential = inHeader ?? inCookie;
    const caller = credential === undefined ? undefined : callerOf(credential, rally);
    if (!caller) {
      refuse(request, response);
      return;
    }
    // A key is for programs, a cookie is somebody's browser: whose request is it (KB 127054)?
    const isApiKey = caller.client === undefined;
    if (isApiKey && inHeader !== undefined && inCookie !== undefined && inCookie !== inHeader) {
      response.status(401).json({
        OperationResult: {
          Errors: ['Not authorized to perform action: Invalid key'],
          Warnings: [],
        },
      });
      return;
    }
    if (caller.isReadOnly && !['GET', 'HEAD'].includes(request.method)) {
      refuse(request, response); // Broadcom KB 127054: "read-only" keys
      return;
    }
    response.locals['caller'] = caller;
    next();
  };
}

/** Who was let in. */
export function callerIn({ locals }: Response): Caller {
  return locals['caller'] as Caller;
}

function refuse(request: Request, response: Response): void {
  if (request.accepts(['json', 'html']) === 'html') refuseWithPage(response);
  else refuseInJson(request, response);
}
