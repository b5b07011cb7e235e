// What comes before Express, and after it: how long a connection may take, words for what never
// becomes a request, and an end that lets the requests in flight be answered.
import { once } from 'node:events';
import { createServer, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';

export type Patience = typeof PATIENCE;

/** In milliseconds. */
export const PATIENCE = {
  /** Until all headers are there: slowloris sends them byte by byte, on as many connections as it can. */
  headersTimeout: 10_000,
  /** Until all of a request is there. The largest that we read is a form of 10 kB. */
  requestTimeout: 20_000,
  /** How often Node looks for those that are late. */
  connectionsCheckingInterval: 1_000,
  /** Longer than a router keeps its connections to us idle (Heroku: 90 s), so that ours end last. */
  keepAliveTimeout: 95_000,
};

/** Until an answer that nobody reads is given up. Longer than any answer is waited for. */
const SILENCE_MS = 60_000;

/** Until a request is given up of which the end has not arrived when the process is to stop. */
const LAST_ARRIVAL_MS = 1_000;

/** Headers and address together, in bytes. */
const MOST_HEADERS = 16_384;

export interface HttpServer {
  /** Answers nothing yet: who does adds a listener. */
  readonly server: Server;
  /** Takes no new connections and no new requests; ends when the last that has arrived is answered. */
  readonly finish: () => Promise<void>;
}

/** @param patience how long a client may take; tests have less */
export function createHttpServer(log: Logger, patience = PATIENCE): HttpServer {
  const server = createServer({ ...patience, maxHeaderSize: MOST_HEADERS });
  server.timeout = SILENCE_MS;
  const inFlight = new Set<ServerResponse>();
  let isFinishing = false;

  const forget = (response: ServerResponse) => {
    inFlight.delete(response);
    // Also those that never sent a request: browsers open connections for later.
    if (isFinishing && inFlight.size === 0) server.closeAllConnections();
  };
  server.on('connection', (socket) => {
    socket.once('close', () => {
      for (const response of inFlight) {
        // Node closes the one that has the connection, and tells nobody of those that wait for it: what
        // is done for them would go on, and hold its places, for nobody.
        if (response.req.socket !== socket || response.socket) continue;
        response.destroy();
        response.emit('close');
      }
    });
  });
  server.on('request', (request, response) => {
    request.url = pathIn(request.url ?? '');
    inFlight.add(response);
    response.once('close', () => {
      forget(response);
    });
    if (isFinishing) endConnectionAfter(response);
  });
  // An expectation that nobody knows may be left aside (RFC 9110 §10.1.1).
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  server.on('connect', (_request, socket) => {
    refuse(socket, 405);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = STATUSES.get(error.code ?? '') ?? 400;
    const isBegun = [...inFlight].some(
      ({ req, headersSent }) => req.socket === socket && headersSent,
    );
    if (isBegun || !socket.writable) {
      socket.destroy();
      return;
    }
    log[status === 408 ? 'debug' : 'info']({ status, code: error.code }, 'not a request');
    refuse(socket, status);
  });

  const finish = async () => {
    if (!server.listening) return;
    isFinishing = true;
    for (const response of inFlight) endConnectionAfter(response);
    const closed = once(server, 'close');
    server.close();
    await nextTurn(); // for requests that have arrived, and were not looked at yet
    if (inFlight.size === 0) server.closeAllConnections();
    const late = setTimeout(() => {
      for (const { req } of inFlight) if (!req.complete) req.destroy();
    }, LAST_ARRIVAL_MS);
    await closed;
    clearTimeout(late);
  };
  return { server, finish };
}

/**
 * A request may name a whole URL, as one to a proxy does (RFC 9112 §3.2.2), or none at all. Express
 * would answer to some of these by itself, without our headers.
 */
function pathIn(target: string): string {
  if (target.startsWith('/')) return target;
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target)) return `/${target}`;
  const { pathname, search } = new URL(target);
  return pathname + search;
}

/** What is half sent has promised to keep it; finish() closes it when all is done. */
function endConnectionAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

const STATUSES: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['HPE_HEADER_OVERFLOW', 431],
]);

const WORDS: ReadonlyMap<number, string> = new Map([
  [405, 'This app is no proxy.'],
  [408, 'The request did not arrive in time. Try again.'],
  [
    431,
    'The address and the headers of this request are too large together. In a browser, delete the cookies that it keeps for this host, then try again.',
  ],
]);

/** There is no response to write to: it is written by hand. */
function refuse(socket: Duplex, status: number): void {
  const words = `${WORDS.get(status) ?? 'This is not a request that this app can read.'}\n`;
  socket.on('error', () => undefined); // it may be gone already
  socket.write(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(words)}`,
      ...(status === 405 ? ['Allow: GET, HEAD, POST'] : []),
      '',
      words,
    ].join('\r\n'),
  );
  socket.destroy();
}
