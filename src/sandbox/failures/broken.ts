// Ways to fail that every endpoint has: the ones that no application would send on purpose.
import type { Response } from 'express';
import { barePage } from '../bare-page.js';
import type { Failure } from '../failures.js';

/** The answer of a proxy, or of a server that does not have this path. */
export const html = (status: number, heading: string, text?: string): Failure =>
  answer(status, 'html', barePage(heading, text));

/** A whole answer, in a few words. */
export const answer = (status: number, contentType: string, body: string): Failure => ({
  fail: ({ response }) => {
    response.status(status).type(contentType).end(body);
  },
});

/** Comes back later: `Retry-After` is in seconds. */
export const busy = (status: 429 | 503): Failure => ({
  fail: ({ response }) => {
    response.status(status).set('Retry-After', '7').type('html');
    response.end(barePage(status === 429 ? 'Too Many Requests' : 'Service Unavailable'));
  },
});

/** The answer is right, and late. */
export const slow: Failure = {
  fail: ({ response, seconds, goOn }) => {
    const timer = setTimeout(goOn, seconds * 1000);
    response.on('close', () => {
      clearTimeout(timer);
    });
  },
};

/** No answer. The connection stays until the client ends it. */
export const hanging: Failure = { fail: () => undefined };

/** A byte now and then: a timeout that starts again with each of them never ends. */
export const dripping = (contentType: string, opening: string): Failure => ({
  fail: ({ response }) => {
    response.type(contentType).write(opening);
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => {
      clearInterval(timer);
    });
  },
});

/** The connection is cut. */
export const reset: Failure = {
  fail: ({ request }) => {
    request.socket.resetAndDestroy();
  },
};

/** To another host: whoever follows it takes the credential there. Nothing is sent to it. */
export const elsewhere: Failure = redirectTo('http://elsewhere.example/');

export function redirectTo(location: string): Failure {
  return {
    fail: ({ response }) => {
      response.redirect(302, location);
    },
  };
}

/** More than anybody should read. @param chunk is sent again and again, without an end */
export const huge = (contentType: string, opening: string, chunk: string): Failure => ({
  fail: ({ request, response }) => {
    response.type(contentType);
    // Without a body nothing is ever full, and the pouring would not stop.
    if (request.method === 'HEAD') response.end();
    else {
      response.write(opening);
      pour(response, chunk);
    }
  },
});

function pour(response: Response, chunk: string): void {
  while (!response.destroyed && response.write(chunk));
  if (!response.destroyed) {
    response.once('drain', () => {
      pour(response, chunk);
    });
  }
}
