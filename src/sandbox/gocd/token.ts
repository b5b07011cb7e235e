// POST /oauth/token as GoCD's OAuth engine answers it (oauth_token_controller.rb): its own
// spellings, its own order, and a code that is gone after any try.
import express, { Router, type Request, type Response } from 'express';
import type { SandboxClient } from '../clients.js';
import { isVerifierOf } from '../pkce.js';
import type { World } from '../world.js';
import type { Gocd } from './gocd.js';
import type { Code, Grant } from './grants.js';

export function token({ gocd, failures }: World): Router {
  const router = Router();
  router.post(
    '/',
    express.urlencoded({ extended: false, limit: '20kb' }),
    express.json({ limit: '20kb' }), // the engine takes JSON as well
    failures.at({
      name: 'token',
      provider: 'gocd',
      clientOf: (request) => formOf(request)['client_id'],
      refuse: (request, response, error) => {
        const form = formOf(request);
        const { refreshToken } = take(form, gocd);
        const badGrant = refreshToken === '' ? BAD_CODE : BAD_REFRESH_TOKEN;
        sendFault(response, error === 'invalid_client' ? BAD_CLIENT : badGrant);
      },
    }),
    (request, response) => {
      const answer = readTokenRequest(formOf(request), gocd);
      if ('error' in answer) {
        sendFault(response, answer);
        return;
      }
      response.set('Cache-Control', 'private, max-age=0, must-revalidate').json({
        access_token: answer.accessToken,
        expires_in: Math.floor((answer.expiresAt - gocd.clock.now() - 1) / 1000), // one second less
        refresh_token: answer.refreshToken,
      });
    },
  );
  router.all('/', (_request, response) => {
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

const BAD_CLIENT = fault('invalid-client-credentials', 'Invalid client credentials!');
const BAD_REFRESH_TOKEN = fault('invalid-grant', 'Refresh token is invalid!');
const BAD_CODE = fault('invalid-grant', 'Authorization expired or invalid!');

/** Always 400, never 401. */
function sendFault(response: Response, answer: Fault): void {
  response.status(400).set('Cache-Control', 'no-cache').json(answer);
}

type Form = Readonly<Record<string, unknown>>;

function formOf({ body }: Request): Form {
  return (body ?? {}) as Form;
}

function readTokenRequest(form: Form, { grants, clients, clock }: Gocd): Grant | Fault {
  const read = (name: string) => textIn(form, name);
  const { code, old } = take(form, { grants });

  const grantType = read('grant_type');
  if (grantType !== 'authorization-code' && grantType !== 'refresh-token') {
    return fault('unsupported-grant-type', `Grant type ${grantType} is not supported!`);
  }
  const client = clients.find(
    ({ id, secret }) => id === read('client_id') && secret === read('client_secret'),
  );
  if (!client) return BAD_CLIENT;
  if (read('redirect_uri') !== client.redirectUri) {
    return fault('invalid-grant', 'Redirect uri mismatch!');
  }
  if (grantType === 'refresh-token') {
    return old?.client === client && old.person.status === 'active'
      ? grants.issueTokens(client, old.person)
      : BAD_REFRESH_TOKEN;
  }
  return code && isGood(code, client, clock.now()) && isChallengeMet(code, form['code_verifier'])
    ? grants.issueTokens(client, code.person)
    : BAD_CODE;
}

/** First of all, before any check: what is named in the request is destroyed. */
function take(form: Form, { grants }: Pick<Gocd, 'grants'>) {
  const refreshToken = textIn(form, 'refresh_token');
  return {
    code: grants.takeCode(textIn(form, 'code')),
    old: grants.takeRefreshToken(refreshToken),
    refreshToken,
  };
}

function textIn(form: Form, name: string): string {
  const value = form[name];
  return typeof value === 'string' ? value : '';
}

function isGood(code: Code, client: SandboxClient, now: number): boolean {
  return code.client === client && code.expiresAt > now && code.person.status === 'active';
}

/** GoCD knows no PKCE. A client that sends a challenge is held to it here, so that it is tested. */
function isChallengeMet({ codeChallenge }: Code, verifier: unknown): boolean {
  return codeChallenge === undefined || isVerifierOf(codeChallenge, verifier);
}
