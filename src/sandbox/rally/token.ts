// POST /login/oauth2/token: Rally's token endpoint. Bodies as in Rally's README "Oauth Sample Apps".
import { createHash, randomBytes } from 'node:crypto';
import express, { Router, type Request } from 'express';
import { hex, type Code, type Grant, type SandboxClient, type World } from '../world.js';

const TOKEN_SECONDS = 86_400;

export function token(world: World): Router {
  const router = Router();
  router.post(
    '/login/oauth2/token',
    express.urlencoded({ extended: false, limit: '20kb' }),
    (request, response) => {
      const answer = readTokenRequest(request, world);
      response.set('Cache-Control', 'no-store');
      if ('error' in answer) {
        // The README shows the error body; the status is not documented.
        const { status, ...body } = answer;
        if (status === 401) response.set('WWW-Authenticate', 'Basic realm="Rally"');
        response.status(status).json({ client_id: null, client_secret: null, ...body });
        return;
      }
      response.json({
        id_token: '???', // to the letter: it is no JWT
        refresh_token: answer.refreshToken,
        expires_in: Math.round((answer.expiresAt - Date.now()) / 1000),
        token_type: 'Bearer',
        access_token: answer.accessToken,
      });
    },
  );
  return router;
}

interface Fault {
  readonly status: 400 | 401;
  readonly error_description: string;
  readonly error: string;
}

function fault(error: string, error_description: string, status: 400 | 401 = 400): Fault {
  return { status, error_description, error };
}

function readTokenRequest(request: Request, world: World): Grant | Fault {
  // Form encoding only (a JSON body was a bug of flowdock's client). Without it there is no body.
  const form = (request.body ?? {}) as Record<string, unknown>;
  const grantType = form['grant_type'];
  // Asked before the client: hence the nulls in the documented error.
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    return fault(
      'invalid_grant',
      'Invalid value for grant_type params - must be authorization_code',
    );
  }
  const client = authenticate(request, form, world);
  if (!client) return fault('invalid_client', 'Invalid client credentials', 401);
  return grantType === 'refresh_token'
    ? refresh(form, client, world)
    : exchange(form, client, world);
}

/** By HTTP Basic, as Rally's Clojure sample does, or in the body, as the others do. */
function authenticate(request: Request, form: Record<string, unknown>, world: World) {
  const basic = /^Basic (.+)$/i.exec(request.get('Authorization') ?? '')?.[1];
  const [id, secret] =
    basic === undefined
      ? [form['client_id'], form['client_secret']]
      : Buffer.from(basic, 'base64').toString('utf8').split(':', 2).map(formDecode);
  return world.rally.clients.find((client) => client.id === id && client.secret === secret);
}

/** RFC 6749 §2.3.1: both parts are form-encoded first. Unlike decodeURIComponent it never throws. */
function formDecode(text: string): string | undefined {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') ?? undefined;
}

function exchange(form: Record<string, unknown>, client: SandboxClient, world: World) {
  const { codes } = world.rally.issued;
  const code = typeof form['code'] === 'string' ? codes.get(form['code']) : undefined;
  if (code?.client !== client) return fault('invalid_grant', 'Invalid code');
  codes.delete(String(form['code'])); // works once, whatever comes of it
  if (code.expiresAt <= Date.now()) return fault('invalid_grant', 'The code has expired');
  if (form['redirect_uri'] !== code.redirectUri) {
    return fault('invalid_grant', 'redirect_uri does not match');
  }
  if (!isChallengeMet(code, form['code_verifier'])) {
    return fault('invalid_grant', 'code_verifier does not match');
  }
  return issue(code, world);
}

/** RFC 7636 §4.6. A code asked for without a challenge must come without a verifier (RFC 9700). */
function isChallengeMet({ codeChallenge }: Code, verifier: unknown): boolean {
  if (codeChallenge === undefined) return verifier === undefined;
  return (
    typeof verifier === 'string' &&
    createHash('sha256').update(verifier).digest('base64url') === codeChallenge
  );
}

function refresh(form: Record<string, unknown>, client: SandboxClient, world: World) {
  const grant = world.rally.issued.grantOfRefreshToken(String(form['refresh_token']));
  if (grant?.client !== client) return fault('invalid_grant', 'Invalid refresh_token');
  world.rally.issued.remove(grant); // rotation: both old tokens are dead at once
  return issue(grant, world);
}

function issue({ client, person }: Pick<Grant, 'client' | 'person'>, world: World): Grant {
  const seconds = world.options.tokenTtlSeconds ?? TOKEN_SECONDS;
  const grant: Grant = {
    client,
    person,
    accessToken: randomBytes(32).toString('base64url'),
    refreshToken: hex(15).slice(1), // 29 hex digits in the README
    expiresAt: Date.now() + seconds * 1000,
  };
  world.rally.issued.add(grant);
  return grant;
}
