// GET and POST /oauth/authorize as GoCD's OAuth engine answers it, in its own order of checks
// (ThoughtWorksStudios/oauth2_provider, oauth_authorize_controller.rb). No error returns state.
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { SandboxClient } from '../clients.js';
import type { Login } from '../login.js';
import { allowFormsTo } from '../security-headers.js';
import type { World } from '../world.js';
import type { Gocd } from './gocd.js';
import type { GocdPerson } from './people.js';

export function authorize(
  { gocd, failures }: World,
  login: Login<GocdPerson>,
  origin: string,
): Router {
  const router = Router();
  const paths = ['/go/oauth/authorize', '/oauth/authorize']; // GoCD's documentation omits /go
  const readAsked: RequestHandler = (request, response, next) => {
    const values = (request.method === 'GET' ? request.query : request.body) as object;
    const asked = readRequest({ ...values }, gocd, response, origin);
    response.locals['asked'] = asked;
    if (asked) next();
  };
  const failure = failures.at('authorize', 'gocd', ({ query }) => query['client_id']);

  // The security filter stands before the rest, before the check for forged forms too.
  router.all(paths, login.required);

  router.get(paths, readAsked, failure, (request, response) => {
    const asked = response.locals['asked'] as Asked;
    allowFormsTo(response, asked.client.redirectUri);
    response.render('gocd-consent', {
      title: 'Authorize',
      provider: 'gocd',
      person: login.personOf(response),
      ...asked,
      action: request.path,
      csrf: login.csrfOf(request),
    });
  });

  router.post(paths, login.ownForm, readAsked, (request: Request, response: Response) => {
    const { client, parameters } = response.locals['asked'] as Asked;
    if ((request.body as Record<string, unknown>)['authorize'] !== 'Yes') {
      response.redirect(302, `${client.redirectUri}?error=access-denied`);
      return;
    }
    const challenge = parameters['code_challenge'];
    const { code, seconds } = gocd.grants.issueCode(client, login.personOf(response), challenge);
    const state = parameters['state'];
    // `?` is appended blindly, and expires_in is the code's life, not the token's.
    response.redirect(
      302,
      `${client.redirectUri}?code=${code}&expires_in=${seconds - 1}` +
        (state ? `&${new URLSearchParams({ state }).toString()}` : ''),
    );
  });

  return router;
}

interface Asked {
  readonly client: SandboxClient;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads an authorization request, or answers what is wrong with it and returns undefined. */
function readRequest(
  values: Record<string, unknown>,
  gocd: Gocd,
  response: Response,
  origin: string,
): Asked | undefined {
  const read = (name: string) => (typeof values[name] === 'string' ? values[name] : '');
  const redirectUri = read('redirect_uri');
  const client = gocd.clients.find(({ id }) => id === read('client_id'));
  let error: string | undefined;
  if (!read('client_id') || !read('response_type')) error = 'invalid-request';
  else if (read('response_type') !== 'code') error = 'unsupported-response-type';
  else if (!redirectUri) {
    response.status(400).type('html').send("You did not specify the 'redirect_uri' parameter!");
    return undefined;
  } else if (client && redirectUri !== client.redirectUri) error = 'redirect-uri-mismatch';

  if (error !== undefined || !client) {
    // Back to whatever address was asked for: the engine compares it with nothing. Any application
    // must expect such answers at its redirect URI, and the sandbox is on this machine alone.
    // Without one, Rails completes the bare query to this server's own address.
    response.redirect(302, `${redirectUri || origin}?error=${error ?? 'invalid-client-id'}`);
    return undefined;
  }
  const names = ['client_id', 'redirect_uri', 'response_type', 'state', 'code_challenge'];
  const given = names.filter((name) => read(name) !== '');
  return { client, parameters: Object.fromEntries(given.map((name) => [name, read(name)])) };
}
