import type { Request, Response } from 'express';
import { escapeXml } from './cctray-document.js';

/** In JSON for whoever asks for it; it is XML for browsers, and for those who do not say. */
export function denyAccess(
  request: Request,
  response: Response,
  status: 401 | 403,
  message: string,
): void {
  response.status(status);
  if (request.accepts('xml', 'json') === 'json') response.json({ message });
  else {
    const text = escapeXml(message);
    response.type('xml').send(`<access-denied>\n  <message>${text}</message>\n</access-denied>\n`);
  }
}
