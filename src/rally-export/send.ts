import type { Response } from 'express';
import { UpstreamError } from '../http/upstream-error.js';

/**
 * Sends a text piece by piece, as fast as the browser reads it.
 *
 * @throws {UpstreamError} when the browser leaves
 */
export async function send(response: Response, pieces: AsyncIterable<string>): Promise<void> {
  let goOn: () => void = () => undefined;
  for (const event of ['drain', 'close']) {
    response.on(event, () => {
      goOn();
    });
  }
  for await (const piece of pieces) {
    if (response.destroyed) throw new UpstreamError('cancelled', 'the browser left');
    const canTakeMore = response.write(piece);
    response.flush(); // whatever the compression holds back: routers close what is silent
    // SECURITY.md E8: a browser that reads slowly must not fill our memory.
    if (!canTakeMore) await new Promise<void>((resolve) => (goOn = resolve));
  }
  response.end();
}
