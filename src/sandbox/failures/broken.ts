// Ways to fail that every endpoint has: the ones that no application would send on purpose.
import type { Response } from 'express';
import type { Failure } from '../failures.js';

/** The answer of a proxy, or of a server that does not have this path. */
export const html =
  (status: number, heading: string): Failure =>
  ({ response }) => {
    response.status(status).type('html').end(page(heading));
  };

export function page(heading: string, text = ''): string {
  return `<!DOCTYPE html>\n<html><head><title>${heading}</title></head><body><h1>${heading}</h1>${text}</body></html>\n`;
}

/** A whole answer, in a few words. */
export const answer =
  (status: number, contentType: string, body: string): Failure =>
  ({ response }) => {
    response.status(status).type(contentType).end(body);
  };

/** Comes back later: `Retry-After` is in seconds. */
export const busy =
  (status: 429 | 503): Failure =>
  ({ response }) => {
    response.status(status).set('Retry-After', '7').type('html').end(page('Service Unavailable'));
  };

/** The answer is right, and late. */
export const slow: Failure = ({ response, seconds, goOn }) => {
  const timer = setTimeout(goOn, seconds * 1000);
  response.on('close', () => {
    clearTimeout(timer);
  });
};

/** No answer. The connection stays until the client ends it. */
export const hanging: Failure = () => undefined;

/** A byte now and then: a timeout that starts again with each of them never ends. */
export const dripping: Failure = ({ response }) => {
  response.type('json').write('{');
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** The connection is cut. */
export const reset: Failure = ({ request }) => {
  request.socket.resetAndDestroy();
};

/** To another host: whoever follows it takes the credential there. Nothing is sent to it. */
export const elsewhere: Failure = ({ response }) => {
  response.redirect(302, 'http://elsewhere.example/');
};

/** More than anybody should read. @param chunk is sent again and again, without an end */
export const huge =
  (contentType: string, opening: string, chunk: string): Failure =>
  ({ response }) => {
    response.type(contentType).write(opening);
    pour(response, chunk);
  };

function pour(response: Response, chunk: string): void {
  while (!response.destroyed && response.write(chunk));
  if (!response.destroyed) {
    response.once('drain', () => {
      pour(response, chunk);
    });
  }
}
