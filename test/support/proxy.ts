import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listen } from './start.js';

/** The proxy of a company, and all that it could read. */
export interface Proxy {
  readonly url: string;
  /** `CONNECT provider.example:443` and so on, with `Proxy-Authorization` where it was sent. */
  readonly asked: { readonly line: string; readonly authorization: string | undefined }[];
  /**
   * Starts anew: nothing has been asked or read.
   *
   * @param refusal answers CONNECT from now on, instead of a tunnel
   */
  readonly reset: (refusal?: string) => void;
  /** Every byte that came from clients. */
  readonly read: () => string;
  readonly close: () => Promise<void>;
}

/** @param port of this machine, where every tunnel ends, for each host */
export async function startProxy(port: number): Promise<Proxy> {
  let refusal: string | undefined;
  const asked: Proxy['asked'] = [];
  const read: Buffer[] = [];
  const open = new Set<Duplex>();
  const server = createServer((request, response) => {
    note(request.method, request.url, request.headers['proxy-authorization']);
    response.writeHead(502).end();
  });
  const note = (method = '', target = '', authorization: string | undefined) => {
    asked.push({ line: `${method} ${target}`, authorization });
  };
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('data', (chunk: Buffer) => read.push(chunk));
  });
  server.on('connect', ({ method, url, headers }, socket, head) => {
    note(method, url, headers['proxy-authorization']);
    if (refusal !== undefined) {
      socket.end(refusal);
      return;
    }
    const tunnel = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.write(head);
      socket.pipe(tunnel).pipe(socket);
    });
    open.add(tunnel);
    for (const end of [socket, tunnel]) end.on('error', () => undefined); // a client may leave
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    asked,
    reset: (text) => {
      refusal = text;
      asked.length = 0;
      read.length = 0;
    },
    read: () => Buffer.concat(read).toString('latin1'),
    close: async () => {
      for (const socket of open) socket.destroy();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
