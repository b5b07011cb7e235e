// passport-oauth2, which Rally's own sample for Node builds on (passport-rally), as it comes from npm.
// Nobody of ours wrote it, so the sandbox cannot agree with itself here.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import OAuth2Strategy, { type StrategyOptions, type VerifyFunction } from 'passport-oauth2';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { allow, deny, goToConsent, signIn } from '../support/dance.js';
import { cctray } from '../support/gocd.js';
import { whoAmI } from '../support/rally.js';
import {
  addClient,
  closeSandboxes,
  startSandboxAlone,
  type SandboxClient,
  type Tokens,
} from '../support/sandbox.js';
import { listen, stop } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

type Provider = 'rally' | 'gocd';

/** What passport's errors have in common. */
interface Fault extends Error {
  readonly status?: number;
  readonly code?: string;
}

let sandbox: Sandbox;
let server: Server;
let app: { readonly url: string };
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone();
  server = createServer();
  app = { url: `http://localhost:${await listen(server)}` };
  visitor = new Visitor();
});

afterEach(async () => {
  await stop(server);
  await closeSandboxes();
});

describe('passport-oauth2 at Rally', () => {
  test('signs a person in, with state and PKCE', async () => {
    serve('rally', new Strategy(settings('rally'), verify));
    const consent = await goToConsent(visitor, app, 'rally');
    const asked = consent.url.searchParams;
    const page = await visitor.browse(await allow(visitor, consent));

    expect(asked.get('state')).toMatch(/\w/);
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect((await whoAmI(sandbox, tokensOn(page).access_token)).body).toMatchObject({
      User: { UserName: 'ada@example.test' },
    });
  });

  test('tells a person who denies from a failure', async () => {
    serve('rally', new Strategy(settings('rally'), verify));
    const consent = await goToConsent(visitor, app, 'rally');
    const page = await visitor.visit(await deny(visitor, consent));

    expect(page.status).toBe(401);
    expect(faultOn(page)).toEqual({ name: 'AuthenticationError', message: 'Unauthorized' });
  });

  test('reads why Rally gives no tokens', async () => {
    serve('rally', new Strategy({ ...settings('rally'), clientSecret: 'another' }, verify));

    expect(faultOn(await signIn(visitor, app, 'rally'))).toMatchObject({
      name: 'TokenError',
      code: 'invalid_client',
      message: 'Invalid client credentials',
    });
  });

  test('gets new tokens for its refresh token, once', async () => {
    const strategy = new Strategy(settings('rally'), verify);
    serve('rally', strategy);
    const { refresh_token } = tokensOn(await signIn(visitor, app, 'rally'));
    const fresh = await strategy.refresh(refresh_token);

    expect((await whoAmI(sandbox, fresh.access_token)).status).toBe(200);
    expect(fresh.refresh_token).not.toBe(refresh_token);
    await expect(strategy.refresh(refresh_token)).rejects.toThrow('invalid_grant');
  });
});

describe('passport-oauth2 at GoCD', () => {
  test('is refused as it comes, for GoCD writes grant_type with a hyphen', async () => {
    serve('gocd', new Strategy(settings('gocd'), verify));

    expect(faultOn(await signIn(visitor, app, 'gocd'))).toMatchObject({
      name: 'TokenError',
      code: 'unsupported-grant-type',
      message: 'Grant type authorization_code is not supported!',
    });
  });

  test('signs a person in with a strategy that writes it as GoCD does', async () => {
    serve('gocd', new GocdStrategy(settings('gocd'), verify));
    const { access_token } = tokensOn(await signIn(visitor, app, 'gocd'));

    expect((await cctray(sandbox, `Token token="${access_token}"`)).status).toBe(200);
  });
});

/** As passport-oauth2-refresh does it: passport-oauth2 itself knows no refresh. */
class Strategy extends OAuth2Strategy {
  async refresh(refreshToken: string): Promise<Tokens> {
    return new Promise((resolve, reject) => {
      this._oauth2.getOAuthAccessToken(
        refreshToken,
        { grant_type: 'refresh_token' },
        (error, access_token, refresh_token) => {
          if (access_token !== undefined && refresh_token !== undefined) {
            resolve({ access_token, refresh_token });
          } else reject(new Error(JSON.stringify(error)));
        },
      );
    });
  }
}

/** What a strategy for GoCD has to change: it says nothing else of its own. */
class GocdStrategy extends OAuth2Strategy {
  constructor(options: StrategyOptions, verify: VerifyFunction) {
    super(options, verify);
    const ask = this._oauth2.getOAuthAccessToken.bind(this._oauth2);
    Object.assign(this._oauth2, {
      getOAuthAccessToken: (code: string, parameters: object, callback: () => void) => {
        ask(code, { ...parameters, grant_type: 'authorization-code' }, callback);
      },
    });
  }
}

const ENDPOINTS = {
  rally: { authorize: '/login/oauth2/auth', token: '/login/oauth2/token' },
  gocd: { authorize: '/go/oauth/authorize', token: '/go/oauth/token' },
};

/** Registers the app as a client, as passport-oauth2's documentation asks for. */
function settings(provider: Provider): StrategyOptions {
  const callbackURL = `${app.url}/oauth-redirect`;
  const client: SandboxClient = addClient(sandbox, provider, callbackURL);
  return {
    authorizationURL: sandbox.url + ENDPOINTS[provider].authorize,
    tokenURL: sandbox.url + ENDPOINTS[provider].token,
    clientID: client.id,
    clientSecret: client.secret,
    callbackURL,
    ...(provider === 'rally' && { scope: 'alm' }),
    state: true,
    pkce: true,
  };
}

const verify: VerifyFunction = (
  access_token: string,
  refresh_token: string,
  _profile: unknown,
  verified: OAuth2Strategy.VerifyCallback,
) => {
  verified(null, { access_token, refresh_token });
};

/** The app of passport's documentation. It shows the tokens, which no other should. */
function serve(provider: Provider, strategy: OAuth2Strategy): void {
  const failed: ErrorRequestHandler = (error: Fault, _request, response, next) => {
    const { status = 500, name, code, message } = error;
    if (response.headersSent) next(error);
    else response.status(status).json({ name, code, message });
  };
  const authenticate = new passport.Passport()
    .use(strategy)
    .authenticate(strategy.name, { session: false, failWithError: true }) as express.RequestHandler;
  const site = express();
  site.use(session({ secret: 'a test’s own', resave: false, saveUninitialized: false }));
  site.get(`/login/${provider}`, authenticate);
  site.get('/oauth-redirect', authenticate, (request, response) => {
    response.json(request.user);
  });
  site.use(failed);
  server.on('request', site);
}

function tokensOn({ status, text }: Page): Tokens {
  expect({ status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text) as Tokens;
}

function faultOn({ text }: Page): unknown {
  return JSON.parse(text);
}
