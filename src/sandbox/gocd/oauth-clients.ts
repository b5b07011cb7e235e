// /go/admin/oauth/clients: the tab "OAuth Clients" of GoCD's Admin page, where applications are
// registered. Its fields, words and checks are those of the OAuth engine (oauth_clients_controller.rb,
// oauth_client.rb); the summary behind a new client is in GoCD's documentation.
import { Router, type Request } from 'express';
import { formField } from '../form-field.js';
import { newClient, type Gocd } from './gocd.js';
import type { Pages } from './pages.js';
import { railsForms } from './rails-forms.js';

const CLIENTS = '/go/admin/oauth/clients';
const VIEW = { list: 'gocd-clients', form: 'gocd-client-form', summary: 'gocd-client' };

export function oauthClients(gocd: Gocd, { login, show }: Pages, origin: string): Router {
  const router = Router();
  const { clients, grants } = gocd;
  const find = ({ params }: Request) => clients.find(({ id }) => id === params['id']);

  router.get('/go/admin', (_request, response) => {
    response.redirect(302, CLIENTS);
  });
  router.use(CLIENTS, railsForms(login));

  router.get(CLIENTS, (request, response) => {
    show(request, response, VIEW.list, { title: 'OAuth clients configuration', clients, origin });
  });

  router.get(`${CLIENTS}/new`, (request, response) => {
    const entered = { name: '', redirectUri: '' };
    show(request, response, VIEW.form, { title: 'New OAuth client', entered, faults: [] });
  });

  router.post(CLIENTS, (request, response) => {
    const { entered, faults } = readForm(request, gocd);
    if (faults.length > 0) {
      show(request, response, VIEW.form, { title: 'New OAuth client', entered, faults });
      return;
    }
    const client = newClient(entered.name, entered.redirectUri);
    clients.push(client);
    request.session.notice = { text: 'OAuth client was successfully created.' };
    response.redirect(302, `${CLIENTS}/${client.id}`);
  });

  router.get(`${CLIENTS}/:id`, (request, response, next) => {
    const client = find(request);
    if (client) show(request, response, VIEW.summary, { title: client.name, client });
    else next();
  });

  router.get(`${CLIENTS}/:id/edit`, (request, response, next) => {
    const client = find(request);
    const page = { title: 'Edit OAuth client', client, entered: client, faults: [] };
    if (client) show(request, response, VIEW.form, page);
    else next();
  });

  router.put(`${CLIENTS}/:id`, (request, response, next) => {
    const client = find(request);
    if (!client) {
      next();
      return;
    }
    const { entered, faults } = readForm(request, gocd, client.id);
    if (faults.length > 0) {
      show(request, response, VIEW.form, { title: 'Edit OAuth client', client, entered, faults });
      return;
    }
    Object.assign(client, entered);
    request.session.notice = { text: 'OAuth client was successfully updated.' };
    response.redirect(302, CLIENTS);
  });

  router.delete(`${CLIENTS}/:id`, (request, response, next) => {
    const client = find(request);
    if (!client) {
      next();
      return;
    }
    clients.splice(clients.indexOf(client), 1);
    grants.removeAllOf(client);
    request.session.notice = { text: 'OAuth client was successfully deleted.' };
    response.redirect(302, CLIENTS);
  });

  return router;
}

/** @param ownId of the client that is edited: it may keep its name */
function readForm(request: Request, { clients }: Gocd, ownId?: string) {
  const name = formField(request, 'oauth_client[name]');
  const redirectUri = formField(request, 'oauth_client[redirect_uri]');
  const faults: string[] = [];
  if (!name) faults.push("Name can't be empty");
  if (!redirectUri) faults.push("Redirect uri can't be empty");
  // The engine looks at the beginning alone. What no browser can go to is refused here, too.
  else if (!/^https?:\/\/.+$/.test(redirectUri) || !hasPlainHost(redirectUri)) {
    faults.push('Redirect uri is invalid');
  }
  const isTaken = clients.some((client) => client.name === name && client.id !== ownId);
  if (isTaken) faults.push('Name is a duplicate.');
  return { entered: { name, redirectUri }, faults };
}

/** Its origin goes into the consent page's policy (security-headers.ts). */
function hasPlainHost(url: string): boolean {
  return URL.canParse(url) && /^[\w.[\]:-]+$/.test(new URL(url).host);
}
