// `npm run token -- rally`: a token by hand. The sign-in of `login` and
// `oauthRedirect`, with a person who copies the answer from the browser to here.
import { constants } from 'node:os';
import { config as readDotEnv } from 'dotenv';
import { loadProviderConfig } from './config.js';
import { createProviderClient, Upstream } from './http/upstream.js';
import type { ValidatedResponse } from './oauth/authorization-response.js';
import { StateMismatchError } from './oauth/errors.js';
import { refreshRequest } from './oauth/refresh-request.js';
import { readTokenResponse, tokenRequest } from './oauth/token-request.js';
import type { Tokens } from './oauth/tokens.js';
import { createGoCD, GOCD } from './providers/gocd.js';
import type { ProviderFacts } from './providers/provider.js';
import { createRally, RALLY } from './providers/rally.js';
import { HELP, readArguments, UsageError, type Arguments } from './token/arguments.js';
import { EXIT, explain, linesOf, type Attempt } from './token/failure.js';
import { waitForRedirect } from './token/listen.js';
import { printJson, printWords } from './token/result.js';
import { beginSignIn, readPasted, type SignIn } from './token/sign-in.js';
import { print, readLine, say } from './token/terminal.js';

const PROVIDERS = {
  rally: { facts: RALLY, create: createRally },
  gocd: { facts: GOCD, create: createGoCD },
} as const;

// One that waits for what can no longer come would end by itself, and without a token.
process.exitCode = EXIT.fault;
// A signal alone would end it and leave the terminal in raw mode: one types there unseen.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
// Whoever closes them early is told by print(), or wants to hear nothing.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// Not by draining: a pipe that nobody closes would keep the process waiting for more input.
void run().then((exitCode) => process.exit(exitCode));

async function run(): Promise<number> {
  let attempt: Attempt | undefined;
  try {
    const asked = readArguments(process.argv.slice(2));
    if (!asked) {
      await print(HELP);
      return EXIT.token;
    }
    readDotEnv({ quiet: true });
    const config = loadProviderConfig(process.env, asked.provider);
    const client = createProviderClient(
      config.upstreamTimeoutMs,
      ({ origin }) => config.proxies[origin],
    );
    const { facts, create } = PROVIDERS[asked.provider];
    const provider = create(config);
    if (!provider?.isRegistered) throw notConfigured(facts);
    attempt = { provider, serverUrl: config.serverUrl, isRefresh: asked.isRefresh };
    const tokens = await getTokens(asked, attempt, new Upstream(client));
    if (asked.isJson) await printJson(provider, tokens);
    else await printWords(provider, tokens, asked.isRefresh);
    return EXIT.token;
  } catch (error) {
    const failure = explain(error, attempt);
    say(...linesOf(failure));
    return failure.exitCode;
  }
}

async function getTokens(asked: Arguments, attempt: Attempt, upstream: Upstream): Promise<Tokens> {
  const { provider } = attempt;
  const post = async (form: URLSearchParams) =>
    readTokenResponse(await upstream.postForm(new URL(provider.tokenEndpoint), form));
  if (asked.isRefresh) {
    return post(refreshRequest(provider, await readLine('Paste the refresh token')));
  }

  const signIn = beginSignIn(provider);
  const opening = [
    `Open this address in a browser, sign in to ${provider.name} and allow access:`,
    `\n  ${signIn.url}\n`,
  ];
  if (asked.isListening) {
    return waitForRedirect(new URL(provider.redirectUri), {
      onReady: () => {
        say(...opening, `Waiting at ${provider.redirectUri} for ten minutes. Ctrl-C ends it.`);
      },
      onRedirect: async (parameters) =>
        post(tokenRequest(provider, signIn.readRedirect(parameters))),
      onRefusal: (error) => {
        const failure = explain(error, attempt);
        if (error instanceof StateMismatchError) {
          say(`${linesOf(failure)[0] ?? ''} Still waiting.`);
        }
        return failure;
      },
    });
  }
  say(
    ...opening,
    `The browser is then sent to ${provider.redirectUri}. Copy the whole address from there,`,
    'whatever the page shows: an error, or this app, which refuses it without using it up.',
  );
  return post(tokenRequest(provider, await readAnswer(attempt, signIn)));
}

/** In a terminal a wrong paste is asked for again, as long as it has not spent the sign-in. */
async function readAnswer(attempt: Attempt, signIn: SignIn): Promise<ValidatedResponse> {
  for (let more = process.stdin.isTTY ? 3 : 0; ; more--) {
    const pasted = await readLine('Paste that address, or the code in it');
    try {
      return readPasted(attempt.provider, signIn, pasted);
    } catch (error) {
      if (more === 0 || !signIn.isUnderWay()) throw error;
      say(`${linesOf(explain(error, attempt))[0] ?? ''} Try again.`);
    }
  }
}

function notConfigured({ name, needs }: ProviderFacts): UsageError {
  const missing = needs.filter((variable) => !process.env[variable]);
  return new UsageError(
    `${name} is not configured: ${missing.join(', ')} are missing. Without an account: npm run sandbox prints settings to use.`,
  );
}
