import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Sandbox } from '../../src/sandbox/sandbox.js';

// Requests with nothing between a test and the wire: no decompression, no redirects, no waiting for an
// end. What a client library hides is what some failures are about.

export interface RawRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Sends a request on a connection of its own, and waits for nothing. */
export function send(
  { url }: Pick<Sandbox, 'url'>,
  { method, path, headers, body }: RawRequest,
): ClientRequest {
  return request(url + path, { method, headers, agent: false }).end(body);
}

/** What came when something came; its body may never end. */
export async function headOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

/** The whole answer. */
export async function answerTo(
  sandbox: Pick<Sandbox, 'url'>,
  asked: RawRequest,
): Promise<RawAnswer> {
  const response = await headOf(send(sandbox, asked));
  const bytes = await readUntil(response, () => false);
  const { statusCode: status = 0, headers } = response;
  return { status, headers, bytes, text: bytes.toString() };
}

/** Reads until there is enough, and then leaves; or to the end where that comes first. */
export async function readUntil(
  response: IncomingMessage,
  isEnough: (bytes: number, pieces: number) => boolean,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (isEnough(length, pieces.length)) break; // which closes the connection
  }
  return Buffer.concat(pieces);
}

/** The server's own side of the request that comes next. */
export async function nextAt({ server }: Sandbox): Promise<ServerResponse> {
  const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  return response;
}
