import { load } from 'cheerio';
import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  askFor,
  authorizationUrl,
  clientOf,
  codeIn,
  postForm,
  type Fields,
  type SandboxClient,
  type Tokens,
} from './sandbox.js';
import { Visitor, type Page } from './visitor.js';

// What people and programs do at the GoCD half of the sandbox.

export const AUTHORIZE = '/go/oauth/authorize';
export const TOKEN = '/go/oauth/token';
export const CCTRAY = '/go/cctray.xml';
export const CLIENTS = '/go/admin/oauth/clients';

/** Opens a page of GoCD, logging in on the way where that is needed. */
export async function open(
  visitor: Visitor,
  sandbox: Sandbox,
  path: string,
  username = 'ada',
): Promise<Page> {
  return askFor(visitor, new URL(sandbox.url + path), username);
}

/** The field without which a form is taken for forged, from any page that somebody has open. */
export function csrfIn({ $ }: Page): { authenticity_token: string } {
  return { authenticity_token: $('input[name=authenticity_token]').first().val() as string };
}

/** What a client gets when somebody allows it to act for them. */
export async function codeOf(
  sandbox: Sandbox,
  username = 'ada',
  client: SandboxClient = clientOf(sandbox, 'gocd'),
  parameters: Fields = {},
): Promise<string> {
  const visitor = new Visitor();
  const url = authorizationUrl(sandbox, AUTHORIZE, client, parameters);
  const consent = await askFor(visitor, url, username);
  return codeIn(await visitor.submit(consent, 'form', { authorize: 'Yes' }));
}

/** Goes through the whole dance as a client would. */
export async function tokensOf(
  sandbox: Sandbox,
  username = 'ada',
  client: SandboxClient = clientOf(sandbox, 'gocd'),
): Promise<Tokens> {
  const code = await codeOf(sandbox, username, client);
  return (await exchange(sandbox, client, code)).body as Tokens;
}

/** An access token, for whoever needs no refresh token. */
export async function accessTokenOf(
  sandbox: Sandbox,
  username?: string,
  client?: SandboxClient,
): Promise<string> {
  const { access_token: accessToken } = await tokensOf(sandbox, username, client);
  return accessToken;
}

/** Registers a client as the administrator does, on the page for it. */
export async function registerClient(
  sandbox: Sandbox,
  admin: Visitor,
  { name, redirectUri }: Pick<SandboxClient, 'name' | 'redirectUri'>,
): Promise<{ readonly summary: Page; readonly client: SandboxClient }> {
  const form = await admin.visit(`${sandbox.url}${CLIENTS}/new`);
  const created = await admin.submit(form, `form[action="${CLIENTS}"]`, {
    'oauth_client[name]': name,
    'oauth_client[redirect_uri]': redirectUri,
  });
  const summary = await admin.visit(created.location);
  const valueOf = (term: string) => summary.$(`dt:contains("${term}") + dd`).text();
  const [id, secret] = [valueOf('Client ID'), valueOf('Secret')];
  return { summary, client: { name, redirectUri, id, secret } };
}

/** A token request of a client, which GoCD knows by its form alone. */
export async function askToken(
  sandbox: Sandbox,
  fields: Fields,
  { id, secret, redirectUri } = clientOf(sandbox, 'gocd'),
  path = TOKEN,
) {
  const own = { client_id: id, client_secret: secret, redirect_uri: redirectUri };
  return postForm(sandbox, path, { ...own, ...fields });
}

export async function exchange(sandbox: Sandbox, client: SandboxClient, code: string) {
  return askToken(sandbox, { grant_type: 'authorization-code', code }, client);
}

/** The header that GoCD's documentation of OAuth shows. */
export function oauth(token: string): string {
  return `Token token="${token}"`;
}

/** @param authorization the header; none where it is undefined */
export async function cctray(
  { url }: Sandbox,
  authorization?: string,
  headers: Record<string, string> = {},
) {
  const request = supertest(url).get(CCTRAY).buffer(true).set(headers);
  return authorization === undefined ? request : request.set('Authorization', authorization);
}

/** An entry of cctray.xml, with the names of its breakers. */
export type Entry = Readonly<Record<string, string | undefined>>;

/** The entries of cctray.xml by name. */
export function entriesIn(xml: string): Map<string, Entry> {
  const $ = load(xml, { xml: true });
  const entries = $('Project')
    .toArray()
    .map((project) => {
      const breakers = $(project).find('message[kind=Breakers]').attr('text');
      return [project.attribs['name'] ?? '', { ...project.attribs, breakers }] as const;
    });
  return new Map(entries);
}
