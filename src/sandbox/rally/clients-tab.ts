// #/clients, OAuth Clients: the applications that a person has registered.
import { Router, type Request, type Response } from 'express';
import type { SandboxClient } from '../clients.js';
import { formField } from '../form-field.js';
import type { Manager } from './application-manager.js';
import { newClient, newSecret, type Rally } from './rally.js';

export function clientsTab({ clients, grants }: Rally, manager: Manager): Router {
  const router = Router();

  router.post('/clients', (request, response) => {
    const { name, redirectUri } = entered(request);
    if (!isUsable(request, response, manager)) return;
    clients.push(newClient(name, redirectUri, manager.personOf(response)));
    manager.done(request, response, 'clients', `${name} was created.`);
  });

  router.post('/clients/:id', (request, response) => {
    const client = find(request.params.id, response);
    if (!client || !isUsable(request, response, manager)) return;
    Object.assign(client, entered(request));
    manager.done(request, response, 'clients', `${client.name} was changed.`);
  });

  router.post('/clients/:id/reset', (request, response) => {
    const client = find(request.params.id, response);
    if (!client) return;
    client.secret = newSecret();
    const text = `${client.name} has a new secret. The old one no longer works.`;
    manager.done(request, response, 'clients', text);
  });

  router.post('/clients/:id/delete', (request, response) => {
    const client = find(request.params.id, response);
    if (!client) return;
    clients.splice(clients.indexOf(client), 1);
    grants.removeAllOf(client); // its tokens are dead with it
    manager.done(request, response, 'clients', `${client.name} was deleted.`);
  });

  /** A client of the person who asks; otherwise it answers that there is none. */
  function find(wanted: string, response: Response): SandboxClient | undefined {
    const person = manager.personOf(response);
    const client = clients.find(({ id, owner }) => id === wanted && owner === person);
    if (!client) manager.notFound(response);
    return client;
  }

  return router;
}

function entered(request: Request) {
  return { name: formField(request, 'name'), redirectUri: formField(request, 'redirectUri') };
}

function isUsable(request: Request, response: Response, manager: Manager): boolean {
  const { name, redirectUri } = entered(request);
  const fault =
    name === ''
      ? 'A client needs an Application Name.'
      : isRedirectUri(redirectUri)
        ? undefined
        : 'The Callback URL must be a whole URL, http:// or https://, without a #.';
  if (fault === undefined) return true;
  manager.refuse(request, response, {
    status: 400,
    text: fault,
    tab: 'clients',
    form: request.path,
    entered: { name, redirectUri },
  });
  return false;
}

/** RFC 6749 §3.1.2: absolute, and without a fragment. */
function isRedirectUri(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text) || text.includes('#')) return false;
  // Its origin goes into the consent page's policy (security-headers.ts).
  return /^[\w.[\]:-]+$/.test(new URL(text).host);
}
