import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { parameter } from './parameters.js';

const compress = promisify(gzip);

/** Sends JSON, packed for a client that can unpack it: pages of 2000 rows are large. */
export async function answer(request: Request, response: Response, body: object): Promise<void> {
  const isPretty = parameter(request, 'pretty') === 'true';
  const json = JSON.stringify(body, null, isPretty ? 2 : undefined);
  response.type('json').vary('Accept-Encoding');
  if (request.acceptsEncodings('gzip') === 'gzip') {
    response.set('Content-Encoding', 'gzip').end(await compress(json));
  } else {
    response.end(json);
  }
}
