// The redirect URI itself, for one sign-in: a server that takes the browser's redirect, answers it
// with a page, and ends (RFC 8252 §7.3 describes it for native apps).
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { finished } from 'node:stream/promises';
import ejs from 'ejs';
import { isLoopback } from '../loopback.js';
import { LONGEST_SIGN_IN_MS, type RedirectParameters } from '../oauth/authorization-response.js';
import { StateMismatchError } from '../oauth/errors.js';
import { UsageError } from './arguments.js';

/** Nobody came back within the life of the state. */
export class NobodyCameError extends Error {}

/** What the browser is shown. No words of a provider, and no secret. */
export interface Shown {
  readonly status: number;
  readonly title: string;
  readonly happened: string;
}

export interface Waiting<Result> {
  /** Called when the server listens: only then may the browser be sent on its way. */
  readonly onReady: () => void;
  /** Makes the result of a redirect. A state that is not ours is refused, and the wait goes on. */
  readonly onRedirect: (parameters: RedirectParameters) => Promise<Result>;
  /** Finds the words for what `onRedirect` has thrown. */
  readonly onRefusal: (error: unknown) => Shown;
}

/** In the page, as this server has no other file; the policy allows it by its hash. */
const STYLE = `
  body { max-width: 36rem; margin: 4rem auto; padding: 0 1.25rem; font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
  h1 { font-size: 1.6rem; }
`;

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title><%= title %></title>
<style>${STYLE}</style>
<h1><%= title %></h1>
<p><%= happened %></p>
`;

const DONE: Shown = {
  status: 200,
  title: 'Signed in',
  happened: 'The command has its token. You can close this page.',
};

const NOT_HERE: Shown = {
  status: 404,
  title: 'No such page',
  happened: 'This server waits for one redirect, and has nothing else.',
};

/**
 * Waits for the redirect that ends a sign-in.
 *
 * @param redirectUri plain http on this machine
 * @throws {UsageError} when it cannot listen there
 * @throws {NobodyCameError} after ten minutes
 */
export async function waitForRedirect<Result>(
  redirectUri: URL,
  { onReady, onRedirect, onRefusal }: Waiting<Result>,
): Promise<Result> {
  if (redirectUri.protocol !== 'http:' || !isLoopback(redirectUri)) {
    throw new UsageError(
      `--listen can only wait on this machine, and ${redirectUri.href} is elsewhere. Leave --listen out and paste the address, or set SERVER_URL.`,
    );
  }
  const { promise, resolve, reject } = promiseOf<Result>();
  const underWay = new Map<string, Promise<Result>>();
  // A browser may ask twice: somebody reloads the page that is late. Both are given the one result.
  const resultOf = (query: string) => {
    const result = underWay.get(query) ?? onRedirect(parse(query));
    underWay.set(query, result);
    return result;
  };
  const server = createServer((request, response) => {
    const [path, query = ''] = splitOnce(request.url ?? '', '?');
    // Browsers ask for more than they were sent to (favicon.ico), and HEAD must not spend the state.
    if (request.method !== 'GET' || path !== redirectUri.pathname) {
      void show(response, NOT_HERE);
      return;
    }
    void resultOf(query).then(
      async (result) => {
        await show(response, DONE);
        resolve(result);
      },
      async (error: unknown) => {
        underWay.delete(query);
        await show(response, onRefusal(error));
        // Anybody's page can make a browser come here: that must not end somebody's sign-in.
        if (!(error instanceof StateMismatchError)) reject(error);
      },
    );
  });
  const tooLate = setTimeout(() => {
    reject(new NobodyCameError());
  }, LONGEST_SIGN_IN_MS);
  server.once('error', (error: NodeJS.ErrnoException) => {
    reject(cannotListen(redirectUri, error.code));
  });
  // Loopback alone: a code is not for the network (RFC 8252 §8.3).
  server.listen(Number(redirectUri.port || 80), addressOf(redirectUri), onReady);
  try {
    return await promise;
  } finally {
    clearTimeout(tooLate);
    server.close();
    server.closeAllConnections();
  }
}

async function show(response: ServerResponse, { status, ...words }: Shown): Promise<void> {
  response
    .writeHead(status, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
      'Cache-Control': 'no-store', // its address has the code in it
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      Connection: 'close',
    })
    .end(ejs.render(PAGE, words));
  // The process may end next. A browser that has left needs no page.
  await finished(response).catch(() => undefined);
}

function cannotListen({ host, port }: URL, code = 'unknown'): UsageError {
  return new UsageError(
    code === 'EADDRINUSE'
      ? `Port ${port || '80'} is in use, perhaps by the app itself. Stop what listens there, or leave --listen out and paste the address.`
      : `Cannot listen at ${host} (${code}). Leave --listen out and paste the address.`,
  );
}

/** `localhost` is a name: what it resolves to is not asked. */
function addressOf({ hostname }: URL): string {
  return hostname.endsWith('localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function promiseOf<Result>() {
  let resolve!: (result: Result) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Result>((whenDone, whenFailed) => {
    resolve = whenDone;
    reject = whenFailed;
  });
  return { promise, resolve, reject };
}
