// GET /go/cctray.xml for whoever the request's credential belongs to (see credentials.ts). What it
// shows is written by cctray-document.ts.
import { Router } from 'express';
import type { World } from '../world.js';
import { denyAccess } from './access-denied.js';
import { CctrayDocument } from './cctray-document.js';
import { oauthTokenIn, ownerOf } from './credentials.js';

export function cctray({ gocd, failures }: World, origin: string): Router {
  const router = Router();
  const document = new CctrayDocument(gocd, `${origin}/go`);
  const failure = failures.at({
    name: 'cctray',
    provider: 'gocd',
    clientOf: (request) => gocd.grants.find(oauthTokenIn(request) ?? '')?.client.id,
  });
  router.get('/', failure, (request, response) => {
    const owner = ownerOf(request, gocd);
    if (owner === undefined) {
      response.set('WWW-Authenticate', 'Basic realm="GoCD"');
      denyAccess(request, response, 401, 'You are not authenticated!');
    } else if ('refusal' in owner) {
      denyAccess(request, response, 401, owner.refusal);
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
