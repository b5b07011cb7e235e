// What carries axios's requests: undici, with a pool of connections for each origin.
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AxiosHeaders, type AxiosAdapter } from 'axios';
import { Agent, errors, ProxyAgent, request, type Dispatcher } from 'undici';
import type { Proxy } from './proxy.js';
import { UpstreamError } from './upstream-error.js';

const UNPACK = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;

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
  const options = { connect: { timeout: connectMs }, headersTimeout: 0, bodyTimeout: 0 };
  const direct = new Agent(options);
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
        })
      : direct;
    dispatchers.set(url.origin, dispatcher);
    return dispatcher;
  };

  return async (config) => {
    const url = new URL(config.url ?? '');
    const method = (config.method ?? 'get').toUpperCase();
    const send = () =>
      request(url, {
        dispatcher: dispatcherFor(url),
        method,
        headers: config.headers.toJSON() as Record<string, string>,
        body: (config.data as string | undefined) ?? null,
        signal: config.signal as AbortSignal,
      });
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

/**
 * A server may close a connection that was idle at the moment when we use it again. A GET is safe to
 * repeat then (RFC 9110 §9.2.2); a token request is not.
 */
async function onceMoreIfClosed<Result>(send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    const hasReadBefore = error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
    if (!hasReadBefore) throw error;
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
  const encoding = String(headers['content-encoding'] ?? '').toLowerCase();
  // The callback is for errors: reading what is unpacked throws them.
  const unpacked = Object.hasOwn(UNPACK, encoding)
    ? pipeline(body, UNPACK[encoding as keyof typeof UNPACK](), () => undefined)
    : body;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of unpacked as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new UpstreamError('too_large', 'the answer is larger than we accept');
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
