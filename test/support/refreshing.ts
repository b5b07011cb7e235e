import { jest } from '@jest/globals';
import { closeAll, type Started } from './start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type Answer,
  type StubProvider,
} from './stub-provider.js';
import { Visitor, type Page } from './visitor.js';

// A person who is connected to both providers, and whose token at one of them comes to its end.

const RALLY_API = '/slm/webservice/v2.0/hierarchicalrequirement';
export const RALLY_USER = '/slm/webservice/v2.0/user';
export const ME = json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } });

/** Both providers, as far as a refresh differs between them. */
export const PROVIDERS = [
  {
    provider: 'rally',
    other: 'gocd',
    name: 'Rally',
    tokenPath: '/login/oauth2/token',
    apiPath: RALLY_API,
    data: json({ QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] } }),
    refreshForm: () => ({
      grant_type: 'refresh_token',
      client_secret: 'the-client-secret-of-rally',
    }),
  },
  {
    provider: 'gocd',
    other: 'rally',
    name: 'GoCD',
    tokenPath: '/go/oauth/token',
    apiPath: '/go/cctray.xml',
    data: respond(200, 'application/xml', '<Projects></Projects>'),
    refreshForm: (appUrl: string) => ({
      grant_type: 'refresh-token',
      client_secret: 'the-client-secret-of-gocd',
      redirect_uri: `${appUrl}/oauth-redirect/gocd`,
    }),
  },
] as const;

export type RefreshingProvider = (typeof PROVIDERS)[number];

/** What the token endpoint answers, one after the other. */
export const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map((nth) => ({
  access_token: `the-${nth}-access-token`,
  refresh_token: `the-${nth}-refresh-token`,
  expires_in: 1000,
})) as [Tokens, Tokens, Tokens];

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

/** The person, and what the provider has seen of them. */
export interface Connected {
  readonly started: Started;
  readonly stub: StubProvider;
  readonly visitor: Visitor;
  /** Of the visitor's session, for a request that they do not make. */
  readonly cookie: string;
  /** Opens the provider's page. */
  readonly visit: () => Promise<Page>;
  /** How the token endpoint answers from now on. */
  readonly answerTokens: (answer: Answer) => void;
  /** The API answers to this access token from now on, and 401 to every other. */
  readonly acceptOnly: (tokens: Pick<Tokens, 'access_token'>) => void;
  /** The forms of the refreshes that have arrived. */
  readonly refreshes: () => URLSearchParams[];
  /** The access tokens that the API has got, each as often as it came. */
  readonly used: () => string[];
}

const running: StubProvider[] = [];

/**
 * Starts an app and connects a person to both providers.
 *
 * @param tokens what the provider gives at the sign-in; a refresh is answered {@link SECOND}
 */
export async function connectTo(
  at: RefreshingProvider,
  tokens: Partial<Tokens> = FIRST,
  environment: Record<string, string> = {},
): Promise<Connected> {
  const { provider, other, tokenPath, apiPath, data } = at;
  const stub = await startStubProvider();
  running.push(stub);
  for (const { tokenPath, apiPath, data } of PROVIDERS) {
    stub.answers.set(tokenPath, json({ access_token: 'a-token-of-the-other-provider' }));
    stub.answers.set(apiPath, data);
  }
  stub.answers.set(RALLY_USER, ME);
  const started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '15000', ...environment });
  const visitor = new Visitor();
  await comeBack(visitor, started, other);
  stub.answers.set(tokenPath, json(tokens));
  const signedIn = await comeBack(visitor, started, provider);
  stub.answers.set(tokenPath, json(SECOND));
  const received = (line: string) => stub.received.filter((request) => request.line === line);
  return {
    started,
    stub,
    visitor,
    cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '',
    visit: () => visitor.visit(`${started.url}/${provider}`),
    answerTokens: (answer) => stub.answers.set(tokenPath, answer),
    acceptOnly: ({ access_token }) =>
      stub.answers.set(apiPath, (request, response) => {
        const isAccepted = JSON.stringify(request.headers).includes(access_token);
        (isAccepted ? data : REFUSED)(request, response);
      }),
    refreshes: () =>
      received(`POST ${tokenPath}`)
        .map(({ body }) => new URLSearchParams(body))
        .filter((form) => form.get('grant_type')?.startsWith('refresh')),
    used: () =>
      received(`GET ${apiPath}`).map(
        ({ headers }) => /the-\w+-access-token/.exec(JSON.stringify(headers))?.[0] ?? 'none',
      ),
  };
}

export const REFUSED = respond(401, 'text/html', '<h1>Unauthorized</h1>');

/** By the app's clock, which then stands still: restore it after the test. */
export function secondsPass(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  jest.spyOn(Date, 'now').mockReturnValue(now);
}

/** Ends everything that {@link connectTo} has started. */
export async function closeConnections(): Promise<void> {
  await closeAll();
  await Promise.all(running.splice(0).map(({ close }) => close()));
}
