// The way to the providers, with servers and proxies that break where they can.
import { once } from 'node:events';
import { createServer as createHttpServer, ServerResponse, IncomingMessage } from 'node:http';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Proxy } from '../../src/http/proxy.js';
import { UpstreamError } from '../../src/http/upstream-error.js';
import { createProviderClient, Upstream, type ProviderClient } from '../../src/http/upstream.js';

const LIMIT_MS = 300;
const PROVIDER = new URL('https://provider.example/');

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all(
    servers.splice(0).map(async (server) => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    }),
  );
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

function client(proxy?: Proxy, timeoutMs = LIMIT_MS): ProviderClient {
  return createProviderClient(timeoutMs, () => proxy);
}

const throughProxy = async (onConnection: (socket: Socket) => void) => {
  const port = await listen(createServer(onConnection));
  return new Upstream(client({ url: `http://127.0.0.1:${port}` }));
};

async function failureOf(answer: Promise<unknown>): Promise<UpstreamError> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof UpstreamError) return error;
    throw error;
  }
  throw new Error('there was an answer');
}

describe('a request through a proxy', () => {
  test('that never answers ends when its time is over', async () => {
    const upstream = await throughProxy(() => undefined);

    expect((await failureOf(upstream.get(PROVIDER, {}))).failure).toBe('timeout');
  });

  test('that opens a tunnel to nowhere ends when its time is over', async () => {
    const upstream = await throughProxy((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    });

    expect((await failureOf(upstream.get(PROVIDER, {}))).failure).toBe('timeout');
  });

  test('that closes the connection fails at once, and the proxy is asked once', async () => {
    let connections = 0;
    const upstream = await throughProxy((socket) => {
      connections += 1;
      socket.once('data', () => socket.end());
    });
    const failure = await failureOf(upstream.postForm(PROVIDER, new URLSearchParams()));

    expect([failure.failure, connections]).toEqual(['unreachable', 1]);
  });

  test.each([401, 403, 407, 502])('that refuses with %i says so', async (status) => {
    const upstream = await throughProxy((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
    });

    expect((await failureOf(upstream.get(PROVIDER, {}))).message).toContain(String(status));
  });
});

describe('a request whose browser leaves', () => {
  test('ends although no connection has been made yet', async () => {
    const accepted = createServer();
    const port = await listen(accepted);
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const upstream = new Upstream(client(undefined, 20_000), response);
    const answer = failureOf(upstream.get(new URL(`https://127.0.0.1:${port}/`), {}));
    await once(accepted, 'connection');
    response.emit('close');

    expect((await answer).failure).toBe('cancelled');
  });

  test('is noticed by one listener, however many pages an export has', async () => {
    const { url } = await provider((_request, response) => response.end('{}'));
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const upstream = new Upstream(client(), response);
    for (let page = 0; page < 12; page++) await upstream.withOwnTime().get(url, {});

    expect(response.listenerCount('close')).toBe(1);
  });
});

describe('a response', () => {
  test.each(['gzip', 'br'])('without a body keeps its status, with %s too', async (encoding) => {
    const { url } = await provider((_request, response) =>
      response.writeHead(401, { 'Content-Encoding': encoding, 'Content-Length': 0 }).end(),
    );

    expect(await new Upstream(client()).get(url, {})).toMatchObject({ status: 401, body: '' });
  });

  test('that is packed as nobody asked cannot be read', async () => {
    const { url } = await provider((_request, response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip, br' }).end('?'),
    );

    expect((await failureOf(new Upstream(client()).get(url, {}))).failure).toBe('unexpected');
  });
});

describe('a connection that is reset before the response', () => {
  const resetOnce = () => {
    let requests = 0;
    return provider(({ socket }, response) => {
      requests += 1;
      if (requests === 1) socket.resetAndDestroy();
      else response.end('{}');
    });
  };

  test('costs a GET nothing: it is sent once more', async () => {
    const { url, received } = await resetOnce();
    const answer = await new Upstream(client()).get(url, {});

    expect([answer.status, received()]).toEqual([200, 2]);
  });

  test('fails a token request, which is never repeated', async () => {
    const { url, received } = await resetOnce();
    const form = new URLSearchParams({ code: 'c' });
    const { failure } = await failureOf(new Upstream(client()).postForm(url, form));

    expect([failure, received()]).toEqual(['unreachable', 1]);
  });
});

async function provider(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ url: URL; received: () => number }> {
  let received = 0;
  const port = await listen(
    createHttpServer((request, response) => {
      received += 1;
      request.resume();
      answer(request, response);
    }),
  );
  return { url: new URL(`http://127.0.0.1:${port}/`), received: () => received };
}
