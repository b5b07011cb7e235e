import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, start, stop, type Started } from './start.js';
import type { Page, Visitor } from './visitor.js';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A provider that answers whatever a test tells it to, also what no provider should. */
export interface StubProvider {
  readonly url: string;
  /** How each path answers; 404 for all others. */
  readonly answers: Map<string, Answer>;
  /** What arrived: `POST /login/oauth2/token` and so on, with headers and body. */
  readonly received: { line: string; headers: IncomingMessage['headers']; body: string }[];
  readonly close: () => Promise<void>;
}

export async function startStubProvider(): Promise<StubProvider> {
  const answers = new Map<string, Answer>();
  const received: StubProvider['received'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      received.push({ line: `${request.method ?? ''} ${path}`, headers: request.headers, body });
      const answer = answers.get(path) ?? respond(404, 'text/html', '<h1>Not found</h1>');
      answer(request, response);
    });
  });
  const url = `http://localhost:${await listen(server)}`;
  return { url, answers, received, close: () => stop(server) };
}

/** Answers with a whole body. */
export function respond(
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': contentType, ...headers }).end(body);
  };
}

export const json = (value: unknown, status = 200): Answer =>
  respond(status, 'application/json', JSON.stringify(value));

/** Never answers. */
export const hang: Answer = () => undefined;

/**
 * Holds back the answer to the request that comes next. Others get none until the path is told to
 * answer otherwise.
 *
 * @returns when the request has come: what lets the answer go
 */
export function hold(stub: StubProvider, path: string, answer: Answer): Promise<() => void> {
  return new Promise((resolve) => {
    stub.answers.set(path, (request, response) => {
      resolve(() => {
        answer(request, response);
      });
    });
  });
}

/** Cuts the connection. */
export const reset: Answer = (request) => {
  request.socket.resetAndDestroy();
};

/** Sends a byte at a time and never comes to an end. */
export const drip: Answer = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** Starts an app whose two providers are one stub. */
export async function startWithStub(
  stub: StubProvider,
  environment: Record<string, string> = {},
): Promise<Started> {
  return start({
    environment: {
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
      GOCD_SERVER: `${stub.url}/go`,
      GOCD_CLIENT_ID: 'the-client',
      GOCD_CLIENT_SECRET: 'the-client-secret-of-gocd',
      ...environment,
    },
  });
}

/**
 * Comes back from a provider with a code, as if the person had allowed.
 *
 * @param login the redirect to the provider, for who has it already
 */
export async function comeBack(
  visitor: Visitor,
  { url }: Pick<Started, 'url'>,
  provider: 'rally' | 'gocd',
  login?: Page,
): Promise<Page> {
  const { location } = login ?? (await visitor.visit(`${url}/login/${provider}`));
  const back = new URL(location.searchParams.get('redirect_uri') ?? '');
  back.searchParams.set('code', 'the-code-of-this-sign-in');
  back.searchParams.set('state', location.searchParams.get('state') ?? '');
  return visitor.visit(back);
}
