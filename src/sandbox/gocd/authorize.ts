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
  const readAuthorizationRequest: RequestHandler = (request, response, next) => {
    const values = (request.method === 'POST' ? request.body : request.query) as object;
    const asked = readParameters({ ...values }, gocd, response, origin);
    response.locals['asked'] = asked;
    if (asked) next();
  };
  const failure = failures.at({
    name: 'authorize',
    provider: 'gocd',
    clientOf: ({ query }) => query['client_id'],
    refuse: (_request, response, error) => {
      const { client } = response.locals['asked'] as AuthorizationRequest;
      response.redirect(302, `${client.redirectUri}?error=${error.replaceAll('_', '-')}`);
    },
  });

  // The security filter stands before the rest, before the check for forged forms too.
  router.all(paths, login.required);

  router.get(paths, readAuthorizationRequest, failure, (request, response) => {
    const asked = response.locals['asked'] as AuthorizationRequest;
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

  router.post(
    paths,
    login.ownForm,
    readAuthorizationRequest,
    (request: Request, response: Response) => {
      const { client, parameters } = response.locals['asked'] as AuthorizationRequest;
      if ((request.body as Record<string, unknown>)['authorize'] !== 'Yes') {
        response.redirect(302, `${client.redirectUri}?error=access-denied`);
        return;
      }
      // S256 alone; whatever else is asked for it does not know, as GoCD knows none.
      const isS256 = parameters['code_challenge_method'] === 'S256';
      const challenge = isS256 ? parameters['code_challenge'] : undefined;
      const { code, seconds } = gocd.grants.issueCode(client, login.personOf(response), challenge);
      const state = parameters['state'];
      // `?` is appended blindly, and expires_in is the code's life, not the token's.
      response.redirect(
        302,
        `${client.redirectUri}?code=${code}&expires_in=${seconds - 1}` +
          (state ? `&${new URLSearchParams({ state }).toString()}` : ''),
      );
    },
  );

  return router;
}

interface AuthorizationRequest {
  readonly client: SandboxClient;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads an authorization request, or answers what is wrong with it and returns undefined. */
function readParameters(
  values: Record<string, unknown>,
  gocd: Gocd,
  response: Response,
  origin: string,
): AuthorizationRequest | undefined {
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
  const names = [
    'client_id',
    'redirect_uri',
    'response_type',
    'state',
    'code_challenge',
    'code_challenge_method',
  ];
  const given = names.filter((name) => read(name) !== '');
  return { client, parameters: Object.fromEntries(given.map((name) => [name, read(name)])) };
}
