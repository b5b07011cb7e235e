// POST /oauth/token as GoCD's OAuth engine answers it (oauth_token_controller.rb): its own
// spellings, its own order, and a code that is gone after any try.
import { createHash } from 'node:crypto';
import express, { Router } from 'express';
import { hex, type Code, type Grant, type SandboxClient, type World } from '../world.js';

const TOKEN_SECONDS = 90 * 24 * 3600;

export function token(world: World): Router {
  const router = Router();
  const paths = ['/go/oauth/token', '/oauth/token'];
  router.post(
    paths,
    express.urlencoded({ extended: false, limit: '20kb' }),
    express.json({ limit: '20kb' }), // the engine takes JSON as well
    (request, response) => {
      const answer = readTokenRequest((request.body ?? {}) as Record<string, unknown>, world);
      if ('error' in answer) {
        response.status(400).set('Cache-Control', 'no-cache').json(answer); // always 400, never 401
        return;
      }
      response.set('Cache-Control', 'private, max-age=0, must-revalidate').json({
        access_token: answer.accessToken,
        expires_in: Math.floor((answer.expiresAt - Date.now() - 1) / 1000), // one second less
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

function readTokenRequest(form: Record<string, unknown>, world: World): Grant | Fault {
  const { issued, clients } = world.gocd;
  const read = (name: string) => (typeof form[name] === 'string' ? form[name] : '');

  // First of all, before any check: what is named in the request is destroyed.
  const code = issued.codes.get(read('code'));
  issued.codes.delete(read('code'));
  const old = issued.grantOfRefreshToken(read('refresh_token'));
  if (old) issued.remove(old);

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
    return old?.client === client
      ? issue(old, world)
      : fault('invalid-grant', 'Refresh token is invalid!');
  }
  return code && isGood(code, client, form['code_verifier'])
    ? issue(code, world)
    : fault('invalid-grant', 'Authorization expired or invalid!');
}

/** GoCD knows no PKCE. A client that sends a challenge is held to it here, so that it is tested. */
function isGood(code: Code, client: SandboxClient, verifier: unknown): boolean {
  const isChallengeMet =
    code.codeChallenge === undefined ||
    (typeof verifier === 'string' &&
      createHash('sha256').update(verifier).digest('base64url') === code.codeChallenge);
  return code.client === client && code.expiresAt > Date.now() && isChallengeMet;
}

function issue({ client, person }: Pick<Grant, 'client' | 'person'>, world: World): Grant {
  const { issued } = world.gocd;
  issued.removeAllOf(client, person); // one living token per person and client
  const seconds = world.options.tokenTtlSeconds ?? TOKEN_SECONDS;
  const grant: Grant = {
    client,
    person,
    accessToken: hex(32),
    refreshToken: hex(32),
    expiresAt: Date.now() + seconds * 1000,
  };
  issued.add(grant);
  return grant;
}
