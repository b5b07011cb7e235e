// GET /go/cctray.xml for whoever the request's credential belongs to (see credentials.ts). What it
// shows is written by cctray-document.ts.
import { Router, type Request, type Response } from 'express';
import type { World } from '../world.js';
import { CctrayDocument, escapeXml } from './cctray-document.js';
import { oauthTokenIn, ownerOf } from './credentials.js';

export function cctray({ gocd, failures }: World, origin: string): Router {
  const router = Router();
  const document = new CctrayDocument(gocd, `${origin}/go`);
  const failure = failures.at('cctray', 'gocd', (request) => {
    return gocd.grants.find(oauthTokenIn(request) ?? '')?.client.id;
  });
  router.get('/go/cctray.xml', failure, (request, response) => {
    const owner = ownerOf(request, gocd);
    if (owner === undefined) {
      response.set('WWW-Authenticate', 'Basic realm="GoCD"');
      deny(request, response, 'You are not authenticated!');
    } else if ('refusal' in owner) {
      deny(request, response, owner.refusal);
    } else {
      const { text, digest } = document.read(owner.person.mayView);
      response.set('Content-Type', 'application/xml;charset=utf-8');
      response.set('ETag', `"${digest}"`);
      // Not send(), which would answer If-None-Match with 304. GoCD never does.
      response.end(text);
    }
  });
  return router;
}

/** In JSON for whoever asks for it; it is XML for browsers, and for those who do not say. */
function deny(request: Request, response: Response, message: string): void {
  response.status(401);
  if (request.accepts('xml', 'json') === 'json') response.json({ message });
  else {
    const text = escapeXml(message);
    response.type('xml').send(`<access-denied>\n  <message>${text}</message>\n</access-denied>\n`);
  }
}
