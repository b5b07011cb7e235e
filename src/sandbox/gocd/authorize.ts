// GET and POST /oauth/authorize as GoCD's OAuth engine answers it, in its own order of checks
// (ThoughtWorksStudios/oauth2_provider, oauth_authorize_controller.rb). No error returns state.
import { Router, type Request, type Response } from 'express';
import type { Login } from '../login.js';
import type { SandboxPerson } from '../people.js';
import { allowFormsTo } from '../security-headers.js';
import { hex, type SandboxClient, type World } from '../world.js';

const CODE_SECONDS = 3600;

export function authorize(world: World, login: Login, origin: string): Router {
  const router = Router();
  const paths = ['/go/oauth/authorize', '/oauth/authorize']; // GoCD's documentation omits /go

  // The security filter stands before the rest, before the check for forged forms too.
  router.all(paths, (request, response, next) => {
    const person = login.personAt(request);
    response.locals['person'] = person;
    if (person) next();
    else response.redirect(302, login.loginUrl(request));
  });

  router.get(paths, (request, response) => {
    const asked = readRequest(request.query, world, response, origin);
    if (!asked) return;
    allowFormsTo(response, asked.client.redirectUri);
    response.render('gocd-consent', {
      title: 'Authorize',
      provider: 'gocd',
      ...asked,
      action: request.path,
      csrfToken: login.csrfTokenOf(request),
    });
  });

  router.post(paths, login.ownForm, (request: Request, response: Response) => {
    const person = response.locals['person'] as SandboxPerson;
    const form = request.body as Record<string, unknown>;
    const asked = readRequest(form, world, response, origin);
    if (!asked) return;
    const { client, parameters } = asked;
    if (form['authorize'] !== 'Yes') {
      response.redirect(302, `${client.redirectUri}?error=access-denied`);
      return;
    }
    const { codes } = world.gocd.issued;
    for (const [value, code] of codes) {
      if (code.client === client && code.person === person) codes.delete(value); // one per person
    }
    const code = hex(32);
    codes.set(code, {
      client,
      person,
      redirectUri: client.redirectUri,
      codeChallenge: parameters['code_challenge'],
      expiresAt: Date.now() + CODE_SECONDS * 1000,
    });
    const state = parameters['state'];
    // `?` is appended blindly, and expires_in is the code's life, not the token's.
    response.redirect(
      302,
      `${client.redirectUri}?code=${code}&expires_in=${CODE_SECONDS - 1}` +
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
  world: World,
  response: Response,
  origin: string,
): Asked | undefined {
  const read = (name: string) => (typeof values[name] === 'string' ? values[name] : '');
  const redirectUri = read('redirect_uri');
  const client = world.gocd.clients.find(({ id }) => id === read('client_id'));
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
