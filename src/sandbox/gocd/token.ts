// POST /oauth/token as GoCD's OAuth engine answers it (oauth_token_controller.rb): its own
// spellings, its own order, and a code that is gone after any try.
import { createHash } from 'node:crypto';
import express, { Router, type Request } from 'express';
import type { SandboxClient } from '../clients.js';
import type { World } from '../world.js';
import type { Gocd } from './gocd.js';
import type { Code, Grant } from './grants.js';

export function token({ gocd, failures }: World): Router {
  const router = Router();
  const paths = ['/go/oauth/token', '/oauth/token'];
  router.post(
    paths,
    express.urlencoded({ extended: false, limit: '20kb' }),
    express.json({ limit: '20kb' }), // the engine takes JSON as well
    failures.at('token', 'gocd', (request) => formOf(request)['client_id']),
    (request, response) => {
      const answer = readTokenRequest(formOf(request), gocd);
      if ('error' in answer) {
        response.status(400).set('Cache-Control', 'no-cache').json(answer); // always 400, never 401
        return;
      }
      response.set('Cache-Control', 'private, max-age=0, must-revalidate').json({
        access_token: answer.accessToken,
        expires_in: Math.floor((answer.expiresAt - gocd.clock.now() - 1) / 1000), // one second less
        refresh_token: answer.refreshToken,
      });
    },
  );
  router.all(paths, (_request, response) => {
    response.status(405).set('Allow', 'POST').end();
  });
  return router;
}

interface Fault {
  readonly error: string;
  readonly error_description: string;
}

function fault(error: string, error_description: string): Fault {
  return { error, error_description };
}

type Form = Readonly<Record<string, unknown>>;

function formOf({ body }: Request): Form {
  return (body ?? {}) as Form;
}

function readTokenRequest(form: Form, { grants, clients, clock }: Gocd): Grant | Fault {
  const read = (name: string) => (typeof form[name] === 'string' ? form[name] : '');

  // First of all, before any check: what is named in the request is destroyed.
  const code = grants.takeCode(read('code'));
  const old = grants.takeRefreshToken(read('refresh_token'));

  const grantType = read('grant_type');
  if (grantType !== 'authorization-code' && grantType !== 'refresh-token') {
    return fault('unsupported-grant-type', `Grant type ${grantType} is not supported!`);
  }
  const client = clients.find(
    ({ id, secret }) => id === read('client_id') && secret === read('client_secret'),
  );
  if (!client) return fault('invalid-client-credentials', 'Invalid client credentials!');
  if (read('redirect_uri') !== client.redirectUri) {
    return fault('invalid-grant', 'Redirect uri mismatch!');
  }
  if (grantType === 'refresh-token') {
    return old?.client === client && old.person.status === 'active'
      ? grants.issueTokens(client, old.person)
      : fault('invalid-grant', 'Refresh token is invalid!');
  }
  return code && isGood(code, client, clock.now()) && isChallengeMet(code, form['code_verifier'])
    ? grants.issueTokens(client, code.person)
    : fault('invalid-grant', 'Authorization expired or invalid!');
}

function isGood(code: Code, client: SandboxClient, now: number): boolean {
  return code.client === client && code.expiresAt > now && code.person.status === 'active';
}

/** GoCD knows no PKCE. A client that sends a challenge is held to it here, so that it is tested. */
function isChallengeMet({ codeChallenge }: Code, verifier: unknown): boolean {
  return (
    codeChallenge === undefined ||
    (typeof verifier === 'string' &&
      createHash('sha256').update(verifier).digest('base64url') === codeChallenge)
  );
}
