import supertest from 'supertest';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js';
import type { Page, Visitor } from './visitor.js';

// A sandbox without the app, and what an OAuth client of any make would do with it.

/** Nothing listens there: a test looks at a redirect and does not follow it. */
const REDIRECT_URIS = {
  rally: 'http://localhost:9/oauth-redirect',
  gocd: 'http://localhost:9/oauth-redirect/gocd',
};

/** A world that starts quickly, on a free port, and answers at once. */
export const SMALL = { port: 0, stories: 64, latencyMs: 0 };

type Provider = keyof typeof REDIRECT_URIS;
export type SandboxClient = Sandbox['world']['rally']['clients'][number];

/** The state in the example of Rally's README. */
export const STATE = 'e347b102-6029-49b0-81d7-5089d846812e';
/** The pair in RFC 7636, appendix B. */
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

/** Parameters of a query or a form; one that is undefined is left out. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What both token endpoints answer with, among others. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const running: Sandbox[] = [];

/** Starts a sandbox of a test's own. {@link closeSandboxes} ends it; call that in afterEach. */
export async function startSandboxAlone(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ ...SMALL, pipelines: 4, ...options }, REDIRECT_URIS);
  running.push(sandbox);
  return sandbox;
}

/** Ends every sandbox that {@link startSandboxAlone} has started. */
export async function closeSandboxes(): Promise<void> {
  const ended = running.splice(0).map(async ({ server }) => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  await Promise.all(ended);
}

/** The client that is registered with a provider from the start. */
export function clientOf({ world }: Sandbox, provider: Provider): SandboxClient {
  const [client] = world[provider].clients;
  if (!client) throw new Error(`no client at ${provider}`);
  return client;
}

/** Registers another client, with the same redirect URI unless it is told otherwise. */
export function addClient(
  { world }: Sandbox,
  provider: Provider,
  redirectUri = REDIRECT_URIS[provider],
): SandboxClient {
  const client = { name: 'Another app', id: 'another', secret: 'its-secret', redirectUri };
  world[provider].clients.push(client);
  return client;
}

/**
 * Where a client sends people.
 *
 * @param parameters what it asks differently; undefined leaves a parameter out
 */
export function authorizationUrl(
  { url }: Pick<Sandbox, 'url'>,
  path: string,
  client: SandboxClient,
  parameters: Fields = {},
): URL {
  const asked = new URL(url + path);
  const all: Fields = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUri,
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) asked.searchParams.set(name, value);
  }
  return asked;
}

/**
 * Asks for access, signing in on the way where that is needed. Ends on the consent page, or with the
 * redirect back to the client where nobody is asked.
 */
export async function askFor(visitor: Visitor, url: URL, username: string): Promise<Page> {
  let page = await visitor.visit(url);
  if (page.status === 302 && page.location.origin === url.origin) {
    page = await visitor.visit(page.location);
  }
  if (page.$('input[name=password]').length === 0) return page;
  const signedIn = await visitor.submit(page, 'form', { username, password: 'sandbox' });
  return visitor.visit(signedIn.location);
}

/** What a program gets to see. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: unknown;
}

/** What a program sends to a token endpoint. */
export async function postForm(
  { url }: Pick<Sandbox, 'url'>,
  path: string,
  fields: Fields,
  authorization?: string,
): Promise<Answer> {
  const request = supertest(url).post(path).type('form');
  if (authorization !== undefined) request.set('Authorization', authorization);
  const sent = Object.entries(fields).filter(([, value]) => value !== undefined);
  return request.send(Object.fromEntries(sent));
}

/** HTTP Basic, as most clients send it. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** The code in the redirect that ends a person's decision. */
export function codeIn({ location }: Page): string {
  const code = location.searchParams.get('code');
  if (code === null) throw new Error(`no code in ${location.href}`);
  return code;
}

/** Disables or deletes somebody, or lets them in again, as the console does for programs. */
export async function setStatusOf(
  { url }: Sandbox,
  provider: Provider,
  userName: string,
  status: string,
): Promise<void> {
  const answer = await supertest(url).post('/_sandbox/people').send({ provider, userName, status });
  if (answer.status !== 200) throw new Error(answer.text);
}
