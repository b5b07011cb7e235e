import { json, respond, type StubProvider } from './stub-provider.js';

// Where a stub stands in for both providers, and what it answers when all is well.

/** What a test asks of each provider in turn. */
export const PROVIDERS = [
  {
    provider: 'rally',
    name: 'Rally',
    other: 'gocd',
    redirectPath: '/oauth-redirect',
    authorizePath: '/login/oauth2/auth',
    tokenPath: '/login/oauth2/token',
    dataPath: '/slm/webservice/v2.0/hierarchicalrequirement',
    grantType: 'authorization_code',
    token: 'rally-token-1-of-the-stub',
  },
  {
    provider: 'gocd',
    name: 'GoCD',
    other: 'rally',
    redirectPath: '/oauth-redirect/gocd',
    authorizePath: '/go/oauth/authorize',
    tokenPath: '/go/oauth/token',
    dataPath: '/go/cctray.xml',
    grantType: 'authorization-code',
    token: 'gocd-token-1-of-the-stub',
  },
] as const;

export const [RALLY, GOCD] = PROVIDERS;

export const WHO_AM_I = '/slm/webservice/v2.0/user';

export const stories = (members: Record<string, unknown> = {}) =>
  json({ QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [], ...members } });

export const cctray = (entries = '') =>
  respond(200, 'application/xml', `<Projects>${entries}</Projects>`);

export const person = (DisplayName: string) =>
  json({ User: { Errors: [], ObjectID: 7, DisplayName } });

/** Both providers give tokens, and data for them. */
export function letAllBeWell({ answers }: StubProvider): void {
  for (const { tokenPath, token } of PROVIDERS)
    answers.set(tokenPath, json({ access_token: token }));
  answers.set(WHO_AM_I, person('Ada'));
  answers.set(RALLY.dataPath, stories());
  answers.set(GOCD.dataPath, cctray());
}
