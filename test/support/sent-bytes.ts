import { connect } from 'node:net';

/** What stood on the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/**
 * Sends bytes that no HTTP client would write, on a connection of its own, and reads until the server
 * closes it.
 *
 * @param request without its end: `Connection: close` and the empty line are added
 */
export async function sendBytes(
  url: string,
  request: readonly string[],
  body = '',
): Promise<WireAnswer> {
  const { port, host } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const head = [...request, `Host: ${host}`, 'Connection: close', '', body].join('\r\n');
  // Written as it is: an answer may come, and the connection end, before all has been read.
  socket.on('error', () => undefined).write(head, 'latin1');
  const pieces: Buffer[] = [];
  await new Promise((resolve) => {
    socket.on('data', (piece) => pieces.push(piece)).on('close', resolve);
  });
  const text = Buffer.concat(pieces).toString();
  const [first = '', ...lines] = text.split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(headers), text };
}
