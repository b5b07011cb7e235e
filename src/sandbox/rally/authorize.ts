// GET and POST /login/oauth2/auth: Rally's authorization endpoint and its consent page,
// "Authorization Request" (Broadcom KB 140086). Errors go back as RFC 6749 §4.1.2.1 says.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { SandboxClient } from '../clients.js';
import type { Login } from '../login.js';
import { allowFormsTo } from '../security-headers.js';
import type { World } from '../world.js';
import type { RallyPerson } from './people.js';
import type { Rally } from './rally.js';

const SCOPES = ['alm', 'openid'];

export function authorize({ rally, failures }: World, login: Login<RallyPerson>): Router {
  const router = Router();
  const path = '/login/oauth2/auth';
  const readAuthorizationRequest: RequestHandler = (request, response, next) => {
    const values = (request.method === 'POST' ? request.body : request.query) as object;
    const asked = readParameters({ ...values }, rally, response);
    response.locals['asked'] = asked;
    if (asked) next();
  };
  const failure = failures.at({
    name: 'authorize',
    provider: 'rally',
    clientOf: ({ query }) => query['client_id'],
    refuse: (_request, response, error, error_description) => {
      const asked = response.locals['asked'] as AuthorizationRequest;
      goBack(response, asked, { error, error_description });
    },
  });

  router.get(path, readAuthorizationRequest, failure, login.required, (request, response) => {
    const asked = response.locals['asked'] as AuthorizationRequest;
    const person = login.personOf(response);
    const grant = rally.grants.find(asked.client, person);
    // Asked once: the person sees the page again when they have removed the grant, or when the
    // application wants more than it was given.
    if (grant && scopesOf(asked).every((scope) => grant.scopes.has(scope))) {
      sendCode(response, asked, person, rally);
      return;
    }
    allowFormsTo(response, asked.client.redirectUri);
    response.render('rally-consent', {
      title: 'Authorization Request',
      provider: 'rally',
      client: asked.client,
      person,
      parameters: asked.parameters,
      csrf: login.csrfOf(request),
    });
  });

  router.post(
    path,
    login.ownForm,
    readAuthorizationRequest,
    (request: Request, response: Response) => {
      const asked = response.locals['asked'] as AuthorizationRequest;
      const person = login.personAt(request);
      if (!person) {
        response.status(401).render('error', {
          title: 'Log in again',
          provider: 'rally',
          happened: 'Nobody was sent anywhere. Start again at the application.',
        });
        return;
      }
      if ((request.body as Record<string, unknown>)['decision'] !== 'allow') {
        goBack(response, asked, {
          error: 'access_denied',
          error_description: 'The user denied access',
        });
        return;
      }
      sendCode(response, asked, person, rally);
    },
  );

  return router;
}

function sendCode(
  response: Response,
  asked: AuthorizationRequest,
  person: RallyPerson,
  { grants }: Rally,
): void {
  const grant = grants.allow(asked.client, person, scopesOf(asked));
  const code = grants.issueCode(grant, {
    redirectUri: asked.client.redirectUri,
    codeChallenge: asked.parameters['code_challenge'],
  });
  goBack(response, asked, { code });
}

function scopesOf({ parameters }: Pick<AuthorizationRequest, 'parameters'>): readonly string[] {
  return (parameters['scope'] ?? '').split(' ').filter((scope) => scope !== '');
}

interface AuthorizationRequest {
  readonly client: SandboxClient;
  readonly parameters: Readonly<Record<string, string>>;
}

const PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
];

/** Reads an authorization request, or answers what is wrong with it and returns undefined. */
function readParameters(
  values: Record<string, unknown>,
  rally: Rally,
  response: Response,
): AuthorizationRequest | undefined {
  const given = PARAMETERS.filter((name) => values[name] !== undefined && values[name] !== '');
  // Of a parameter that was sent more than once nothing is passed on.
  const once = given.filter((name) => typeof values[name] === 'string');
  const parameters = Object.fromEntries(once.map((name) => [name, String(values[name])]));
  const client = rally.clients.find(({ id }) => id === parameters['client_id']);

  // Never redirected: an address that is not the registered one may belong to anybody (§4.1.2.1).
  if (client?.redirectUri !== parameters['redirect_uri'] || !client) {
    const title = client ? 'The redirect URI is not the registered one' : 'Unknown client_id';
    response.status(400).render('error', {
      title,
      provider: 'rally',
      happened: client
        ? 'Nobody was sent anywhere. The two must be equal to the letter.'
        : 'Nobody was sent anywhere. The client was deleted, or is from an earlier start: ids and secrets are made anew each time, unless .env keeps them. Start the app and the sandbox again, or copy what `npm run sandbox` printed last.',
      received: {
        'client_id in the request': parameters['client_id'] ?? 'none',
        'redirect_uri in the request': parameters['redirect_uri'] ?? 'none',
        ...(client && { 'redirect URI of this client': client.redirectUri }),
      },
    });
    return undefined;
  }
  const asked = { client, parameters };
  const fault = faultIn(parameters, once.length < given.length);
  if (!fault) return asked;
  goBack(response, asked, fault);
  return undefined;
}

function faultIn(parameters: Readonly<Record<string, string>>, isAnyRepeated: boolean) {
  const fault = (error: string, error_description: string) => ({ error, error_description });
  if (isAnyRepeated) return fault('invalid_request', 'A parameter was sent more than once');
  if (parameters['response_type'] === undefined) {
    return fault('invalid_request', 'response_type is missing');
  }
  if (parameters['response_type'] !== 'code') {
    return fault('unsupported_response_type', 'response_type must be code');
  }
  if (scopesOf({ parameters }).some((scope) => !SCOPES.includes(scope))) {
    return fault('invalid_scope', 'scope must be alm or openid');
  }
  if (
    parameters['code_challenge'] !== undefined &&
    parameters['code_challenge_method'] !== 'S256'
  ) {
    return fault('invalid_request', 'code_challenge_method must be S256');
  }
  return undefined;
}

function goBack(
  response: Response,
  { client, parameters }: AuthorizationRequest,
  answer: Record<string, string>,
) {
  const url = new URL(client.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  const state = parameters['state'];
  if (state !== undefined) url.searchParams.set('state', state);
  response.redirect(302, url.href);
}
