import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  authorizationUrl,
  clientOf,
  codeIn,
  postForm,
  type Fields,
  type SandboxClient,
  type Tokens,
} from './sandbox.js';
import { Visitor, type Page } from './visitor.js';

// What people, and clients of any make, do at the sandbox's Rally.

export const AUTHORIZE = '/login/oauth2/auth';
export const TOKEN = '/login/oauth2/token';
export const MANAGER = '/login/accounts/index.html';
/** What everybody is told while the administrator has switched keys off. */
export const KEYS_DISABLED =
  'API Keys are disabled. Please contact your Subscription Administrator to enable this functionality.';

/** Somebody who has logged in at `/login`, with their browser. */
export async function logIn(
  { url }: Pick<Sandbox, 'url'>,
  username = 'ada@example.test',
): Promise<Visitor> {
  const visitor = new Visitor();
  const login = await visitor.visit(`${url}/login`);
  await visitor.submit(login, 'form', { username, password: 'sandbox' });
  return visitor;
}

/** Where a client sends people. */
export function authorizeUrl(
  sandbox: Sandbox,
  parameters: Fields = {},
  client = clientOf(sandbox, 'rally'),
): URL {
  return authorizationUrl(sandbox, AUTHORIZE, client, { scope: 'alm', ...parameters });
}

/** The redirect with the code, after *Allow Access* where that is asked for. */
export async function allowAccess(visitor: Visitor, url: URL): Promise<Page> {
  const page = await visitor.visit(url);
  return page.status === 302 ? page : visitor.submit(page, 'form', { decision: 'allow' });
}

/** A token request of a client, with its credentials in the body. */
export async function askToken(
  sandbox: Sandbox,
  fields: Fields,
  { id, secret, redirectUri } = clientOf(sandbox, 'rally'),
  authorization?: string,
) {
  const own = { client_id: id, client_secret: secret, redirect_uri: redirectUri };
  return postForm(sandbox, TOKEN, { ...own, ...fields }, authorization);
}

export async function exchange(sandbox: Sandbox, code: string, client?: SandboxClient) {
  return askToken(sandbox, { grant_type: 'authorization_code', code }, client);
}

/** Tokens of somebody who has logged in already. */
export async function tokensOf(
  sandbox: Sandbox,
  visitor: Visitor,
  client?: SandboxClient,
): Promise<Tokens> {
  const code = codeIn(await allowAccess(visitor, authorizeUrl(sandbox, {}, client)));
  return (await exchange(sandbox, code, client)).body as Tokens;
}

/** Asks WSAPI with an access token or an API key. */
export async function whoAmI({ url }: Pick<Sandbox, 'url'>, credential: string) {
  return supertest(url).get('/slm/webservice/v2.0/user').set('zsessionid', credential);
}

/** The Application Manager, with all of its tabs. */
export async function openManager({ url }: Pick<Sandbox, 'url'>, visitor: Visitor): Promise<Page> {
  return visitor.visit(url + MANAGER);
}

export const NEW_KEY = '[id="/keys"] > form[action$="/keys#/keys"]';
export const NEW_CLIENT = '[id="/clients"] > details form';

export function keysOn(page: Page) {
  const articles = page.$('[id="/keys"] article').toArray();
  return articles.map((article) => {
    const of = page.$(article);
    const texts = (selector: string) =>
      of
        .find(selector)
        .toArray()
        .map((element) => page.$(element).text());
    const [label] = texts('dt');
    const [value = '', access = ''] = texts('dd');
    return { name: of.find('h3').text(), label, value, access };
  });
}

/** @returns the key that was created last */
export async function createKey(sandbox: Pick<Sandbox, 'url'>, visitor: Visitor, name = 'a key') {
  const page = await openManager(sandbox, visitor);
  await visitor.submit(page, NEW_KEY, { name, access: 'full' });
  const key = keysOn(await openManager(sandbox, visitor)).at(-1);
  if (!key) throw new Error('no key');
  return key;
}

/** The clients that a person sees, and what the page says of each. */
export function clientsOn(page: Page): SandboxClient[] {
  const articles = page.$('[id="/clients"] article').toArray();
  return articles.map((article) => {
    const values = page.$(article).find('dd code').toArray();
    const [id = '', secret = '', redirectUri = ''] = values.map((code) => page.$(code).text());
    return { name: page.$(article).find('h3').text(), id, secret, redirectUri };
  });
}

/** @returns the client, as the page then shows it */
export async function createClient(
  sandbox: Sandbox,
  visitor: Visitor,
  entered: Pick<SandboxClient, 'name' | 'redirectUri'>,
): Promise<SandboxClient> {
  await visitor.submit(await openManager(sandbox, visitor), NEW_CLIENT, { ...entered });
  const client = clientsOn(await openManager(sandbox, visitor)).at(-1);
  if (!client) throw new Error('no client');
  return client;
}
