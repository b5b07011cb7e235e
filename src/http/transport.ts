// What carries axios's requests: undici, with a pool of connections for each origin.
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { AxiosHeaders, type AxiosAdapter } from 'axios';
import { Agent, errors, Pool, ProxyAgent, request, type Dispatcher } from 'undici';
import type { Proxy } from './proxy.js';
import { noAnswer, UpstreamError } from './upstream-error.js';

const UNPACK = {
  gzip: createGunzip,
  br: createBrotliDecompress,
} as const;

/** What a provider may pack its responses with. */
export const ENCODINGS = Object.keys(UNPACK).join(', ');

/**
 * Makes the adapter for axios. It follows no redirects: undici does not unless it is told to.
 *
 * @param proxyFor the proxy through which a URL is reached, if any
 * @param connectMs how long connecting may take, in milliseconds: as long as the whole request
 */
export function createTransport(
  proxyFor: (url: URL) => Proxy | undefined,
  connectMs: number,
): AxiosAdapter {
  const connect = { timeout: connectMs };
  const options = { headersTimeout: 0, bodyTimeout: 0 }; // the signal of each request ends it
  const direct = new Agent({ ...options, connect });
  const dispatchers = new Map<string, Dispatcher>();

  const dispatcherFor = (url: URL): Dispatcher => {
    const known = dispatchers.get(url.origin);
    if (known) return known;
    const proxy = proxyFor(url);
    const dispatcher = proxy
      ? new ProxyAgent({
          ...options,
          uri: proxy.url,
          ...(proxy.authorization !== undefined && { token: proxy.authorization }),
          proxyTls: connect,
          requestTls: connect,
          clientFactory: (origin, given) => tunnels(origin, given, connectMs),
        })
      : direct;
    dispatchers.set(url.origin, dispatcher);
    return dispatcher;
  };

  return async (config) => {
    const url = new URL(config.url ?? '');
    const method = (config.method ?? 'get').toUpperCase();
    const signal = config.signal as AbortSignal;
    const send = () =>
      Promise.race([
        request(url, {
          dispatcher: dispatcherFor(url),
          method,
          headers: config.headers.toJSON() as Record<string, string>,
          body: (config.data as string | undefined) ?? null,
          signal,
        }),
        abortOf(signal), // undici heeds its signal only once it is connected
      ]);
    const response = await (method === 'GET' ? onceMoreIfClosed(send) : send());
    return {
      status: response.statusCode,
      statusText: '',
      headers: new AxiosHeaders(response.headers as Record<string, string>),
      data: await readText(response, config.maxContentLength ?? Infinity),
      config,
    };
  };
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * The connections to a proxy. undici would open one after the other, for ever, to a proxy that closes them,
 * and says nothing of the status with which a proxy refuses.
 */
function tunnels(origin: URL, options: object, connectMs: number): Dispatcher {
  const pool = new Pool(origin, { ...options, headersTimeout: connectMs });
  const connect = pool.connect.bind(pool) as (request: object) => Promise<Dispatcher.ConnectData>;
  return Object.assign(pool, {
    connect: async (request: object) => {
      const answer = await connect(request).catch((error: unknown) => {
        throw new UpstreamError('unreachable', `the proxy: ${noAnswer(error).message}`);
      });
      if (answer.statusCode === 200) return answer;
      answer.socket.on('error', () => undefined).destroy();
      throw new UpstreamError('unreachable', `a proxy refused with ${answer.statusCode}`);
    },
  });
}

const RESET: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

function codeOf(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}

/**
 * A server may close a connection that was idle at the moment when we use it again. A GET whose connection
 * is closed before a response is safe to send again (RFC 9110 §9.2.2); a token request is not.
 */
async function onceMoreIfClosed<Result>(send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    const isClosed = error instanceof errors.SocketError || RESET.has(codeOf(error));
    if (!isClosed) throw error;
    return send();
  }
}

/**
 * Reads a body to its end, unpacked.
 *
 * @param most bytes, counted after unpacking: a few kilobytes can hold gigabytes of zeros
 * @throws {UpstreamError} `too_large`, and reads no further
 */
async function readText({ body, headers }: Dispatcher.ResponseData, most: number): Promise<string> {
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  const unpack = Object.hasOwn(UNPACK, encoding)
    ? UNPACK[encoding as keyof typeof UNPACK]()
    : undefined;
  if (!unpack && encoding !== 'identity') {
    await body.dump();
    throw new UpstreamError('unexpected', 'the answer is packed in a way that was not asked for');
  }
  // The callback is for errors: reading what is unpacked throws them.
  const unpacked = unpack ? pipeline(body, unpack, () => undefined) : body;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) throw new UpstreamError('too_large', 'the answer is larger than we accept');
      chunks.push(chunk);
    }
  } catch (error) {
    // A response without a body may name an encoding all the same.
    const isEmpty = unpack?.bytesWritten === 0 && codeOf(error) === 'Z_BUF_ERROR';
    if (!isEmpty) throw error;
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
