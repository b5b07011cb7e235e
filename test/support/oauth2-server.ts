import { createServer } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
import express, { type RequestHandler, type Response } from 'express';
import { listen, stop } from './start.js';

// @node-oauth/oauth2-server, as it comes from npm, at the paths where Rally's own server is, with as much
// of an API behind it as the app's page needs. Everybody who comes is Grace, and has allowed it.

/** The paths and the header by which this app knows Rally (docs/another-server.md). */
const AUTHORIZATION_PATH = '/login/oauth2/auth';
const TOKEN_PATH = '/login/oauth2/token';
const API = '/slm/webservice/v2.0';
const GRACE = { ObjectID: 7, UserName: 'grace@example.test', DisplayName: 'Grace Hill' };
const STORY = { ObjectID: 1, FormattedID: 'US1', Name: 'A server of another make' };

export interface AnotherServer {
  readonly url: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** The grant types of the token requests that it has taken. */
  readonly granted: readonly string[];
  /** Takes no access token any more that it has given out. */
  readonly endAccessTokens: () => void;
  readonly close: () => Promise<void>;
}

/** @param redirectUri what is registered */
export async function startAnotherServer(redirectUri: string): Promise<AnotherServer> {
  const client = { id: 'a-client', secret: 'the-secret-of-a-client' };
  const granted: string[] = [];
  const tokens = new Map<string, OAuth2Server.Token>();
  const oauth = new OAuth2Server({ model: model(client, redirectUri, tokens) });

  const known: RequestHandler = (request, response, next) => {
    if (tokens.has(request.get('zsessionid') ?? '')) next();
    else response.status(401).json({ message: null, status: '401' });
  };
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.get(AUTHORIZATION_PATH, async (request, response) => {
    await answer(response, (ours) =>
      oauth.authorize(new OAuth2Server.Request(request), ours, {
        authenticateHandler: { handle: () => GRACE },
      }),
    );
  });
  app.post(TOKEN_PATH, async (request, response) => {
    await answer(response, async (ours) => {
      await oauth.token(new OAuth2Server.Request(request), ours);
      granted.push(String((request.body as { grant_type: unknown }).grant_type));
    });
  });
  app.get(`${API}/user`, known, (_request, response) => {
    response.json({ User: GRACE });
  });
  app.get(`${API}/hierarchicalrequirement`, known, (_request, response) => {
    response.json({ QueryResult: { Errors: [], TotalResultCount: 1, Results: [STORY] } });
  });

  const server = createServer(app);
  const url = `http://localhost:${await listen(server)}`;
  const endAccessTokens = () => {
    tokens.clear();
  };
  return { url, client, granted, endAccessTokens, close: () => stop(server) };
}

/** Sends what the library has prepared, for an error, too. */
async function answer(
  response: Response,
  work: (ours: OAuth2Server.Response) => Promise<unknown>,
): Promise<void> {
  const ours = new OAuth2Server.Response(response);
  try {
    await work(ours);
  } catch (error) {
    if (!(error instanceof OAuth2Server.OAuthError)) throw error;
    if (ours.status === 200) ours.status = error.code; // it never sends the browser back
  }
  response
    .status(ours.status ?? 500)
    .set(ours.headers)
    .send(ours.body);
}

/** What the library asks whoever uses it to remember. */
function model(
  { id, secret }: AnotherServer['client'],
  redirectUri: string,
  tokens: Map<string, OAuth2Server.Token>,
): OAuth2Server.AuthorizationCodeModel & OAuth2Server.RefreshTokenModel {
  const codes = new Map<string, OAuth2Server.AuthorizationCode>();
  const refreshTokens = new Map<string, OAuth2Server.RefreshToken>();
  const client = {
    id,
    redirectUris: [redirectUri],
    grants: ['authorization_code', 'refresh_token'],
  };
  const later = <Value>(value: Value) => Promise.resolve(value);
  return {
    getClient: (givenId, givenSecret: string | null) =>
      later(givenId === id && [null, secret].includes(givenSecret) && client),
    validateScope: (_user, _client, scope) => later(scope),
    saveAuthorizationCode: (code, of, user) => {
      const saved = { ...code, client: of, user };
      codes.set(code.authorizationCode, saved);
      return later(saved);
    },
    getAuthorizationCode: (code) => later(codes.get(code)),
    revokeAuthorizationCode: ({ authorizationCode }) => later(codes.delete(authorizationCode)),
    saveToken: (token, of, user) => {
      const saved = { ...token, client: of, user };
      tokens.set(token.accessToken, saved);
      const { refreshToken } = token;
      if (refreshToken) refreshTokens.set(refreshToken, { ...saved, refreshToken });
      return later(saved);
    },
    getAccessToken: (token) => later(tokens.get(token)),
    getRefreshToken: (token) => later(refreshTokens.get(token)),
    revokeToken: ({ refreshToken }) => later(refreshTokens.delete(refreshToken)),
  };
}
