// POST /login/oauth2/token: Rally's token endpoint. Bodies as in Rally's README "Oauth Sample Apps".
import express, { Router, type Request, type Response } from 'express';
import type { SandboxClient } from '../clients.js';
import { isVerifierOf } from '../pkce.js';
import type { World } from '../world.js';
import type { CodeBinding, Tokens } from './grants.js';
import type { Rally } from './rally.js';

export function token({ rally, failures }: World): Router {
  const router = Router();
  router.post(
    '/',
    express.urlencoded({ extended: false, limit: '20kb' }),
    failures.at({
      name: 'token',
      provider: 'rally',
      clientOf: (request) => credentialsIn(request)[0],
      refuse: (request, response, error, description) => {
        if (error === 'invalid_grant') burn(formOf(request), rally);
        sendFault(response, fault(error, description, error === 'invalid_client' ? 401 : 400));
      },
    }),
    (request, response) => {
      const answer = readTokenRequest(request, rally);
      response.set('Cache-Control', 'no-store');
      if ('error' in answer) {
        sendFault(response, answer);
        return;
      }
      response.json({
        id_token: '???', // to the letter: it is no JWT
        refresh_token: answer.refreshToken,
        expires_in: Math.round((answer.expiresAt - rally.clock.now()) / 1000),
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

/** A grant that was refused by a failure is as dead as one that was refused for its own sake. */
function burn(form: Form, { grants }: Rally): void {
  const line = grants.lineOfCode(textIn(form, 'code') ?? '');
  const family = grants.lineOfRefreshToken(textIn(form, 'refresh_token') ?? '');
  if (line) line.isCodeSpent = true;
  if (family) grants.end(family);
}

/** The README shows the error body; the status is not documented. */
function sendFault(response: Response, { status, ...body }: Fault): void {
  if (status === 401) response.set('WWW-Authenticate', 'Basic realm="Rally"');
  response.status(status).json({ client_id: null, client_secret: null, ...body });
}

type Form = Readonly<Record<string, unknown>>;

function readTokenRequest(request: Request, rally: Rally): Tokens | Fault {
  const form = formOf(request);
  const grantType = form['grant_type'];
  // Asked before the client: hence the nulls in the documented error.
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token') {
    return fault(
      'invalid_grant',
      'Invalid value for grant_type params - must be authorization_code',
    );
  }
  const [id, secret] = credentialsIn(request);
  const client = rally.clients.find((each) => each.id === id && each.secret === secret);
  if (!client) return fault('invalid_client', 'Invalid client credentials', 401);
  return grantType === 'refresh_token'
    ? refresh(form, client, rally)
    : exchange(form, client, rally);
}

/** Form encoding only (a JSON body was a bug of flowdock's client). Without it there is no body. */
function formOf(request: Request): Form {
  return (request.body ?? {}) as Form;
}

/** By HTTP Basic, as Rally's Clojure sample does, or in the body, as the others do. */
function credentialsIn(request: Request): (string | undefined)[] {
  const basic = /^Basic (.+)$/i.exec(request.get('Authorization') ?? '')?.[1];
  if (basic !== undefined) {
    return Buffer.from(basic, 'base64').toString('utf8').split(':', 2).map(formDecode);
  }
  const form = formOf(request);
  return [textIn(form, 'client_id'), textIn(form, 'client_secret')];
}

/** RFC 6749 §2.3.1: both parts are form-encoded first. Unlike decodeURIComponent it never throws. */
function formDecode(text: string): string | undefined {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') ?? undefined;
}

function exchange(form: Form, client: SandboxClient, { grants, clock }: Rally): Tokens | Fault {
  const line = grants.lineOfCode(textIn(form, 'code') ?? '');
  if (line?.grant.client !== client) return fault('invalid_grant', 'Invalid code');
  if (line.isCodeSpent) {
    grants.end(line);
    return fault('invalid_grant', 'The code has been used');
  }
  line.isCodeSpent = true; // whatever comes of it
  if (!grants.isAlive(line)) return fault('invalid_grant', 'Invalid code');
  if (line.codeExpiresAt <= clock.now()) return fault('invalid_grant', 'The code has expired');
  if (form['redirect_uri'] !== line.binding.redirectUri) {
    return fault('invalid_grant', 'redirect_uri does not match');
  }
  if (!isChallengeMet(line.binding, form['code_verifier'])) {
    return fault('invalid_grant', 'code_verifier does not match');
  }
  return grants.issueTokens(line);
}

/** A code that was asked for without a challenge must come without a verifier (RFC 9700 §2.1.1). */
function isChallengeMet({ codeChallenge }: CodeBinding, verifier: unknown): boolean {
  return codeChallenge === undefined
    ? verifier === undefined
    : isVerifierOf(codeChallenge, verifier);
}

function refresh(form: Form, client: SandboxClient, { grants }: Rally): Tokens | Fault {
  const refreshToken = textIn(form, 'refresh_token') ?? '';
  const line = grants.lineOfRefreshToken(refreshToken);
  if (line?.grant.client !== client || !grants.isAlive(line)) {
    return fault('invalid_grant', 'Invalid refresh_token');
  }
  if (line.tokens?.refreshToken !== refreshToken) {
    grants.end(line);
    return fault('invalid_grant', 'The refresh_token has been used');
  }
  return grants.issueTokens(line);
}

function textIn(form: Form, name: string): string | undefined {
  const value = form[name];
  return typeof value === 'string' ? value : undefined;
}
