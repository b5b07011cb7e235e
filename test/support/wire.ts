import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

// Connections without an HTTP client at their end: what no client sends, and what some keep open.

/** A connection that is open. Whoever opens it closes it, with {@link hangUpAll}. */
export async function connectTo(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined); // that it was cut is seen by what came
  open.push(socket);
  await once(socket, 'connect');
  return socket;
}

const open: Socket[] = [];

/** Ends every connection that {@link connectTo} has opened. */
export function hangUpAll(): void {
  for (const socket of open.splice(0)) socket.destroy();
}

/** All that comes until the other side ends the connection. */
export async function whole(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  if (!socket.closed) await once(socket, 'close');
  return text;
}

/** Sends bytes as they are, and reads until the other side ends the connection. */
export async function exchange(url: string, bytes: string): Promise<string> {
  const socket = await connectTo(url);
  const answer = whole(socket);
  socket.write(bytes, 'latin1');
  return answer;
}

/** Opens a connection, sends the beginning of something, and leaves it at that. */
export async function beginOn(url: string, bytes = ''): Promise<Socket> {
  const socket = await connectTo(url);
  if (bytes !== '') await new Promise((resolve) => socket.write(bytes, resolve));
  return socket;
}
