// Requests that are sent on one connection before the first is answered. Node keeps their answers in
// line, and closes only the one whose turn it is.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createHttpServer } from '../src/http-server.js';
import { browserRequest, inBrowserRequest } from '../src/http/browser-request.js';
import { createLog } from '../src/log.js';
import { closeConnections, connectTo, PROVIDERS } from './support/refreshing.js';
import { beginOn, hangUpAll } from './support/wire.js';

const [RALLY] = PROVIDERS;

afterEach(async () => {
  hangUpAll();
  await closeConnections();
});

describe('several requests on one connection', () => {
  test('are all given up when their browser leaves, and each has its line in the log', async () => {
    const { started } = await leaveAll('/rally', '/rally?page=2', '/rally/export.csv');

    const lines = started.log.filter((line) => line.includes('"aborted":true'));
    expect(lines).toHaveLength(3);
    expect(started.log.join('')).not.toContain('"level":"error"');
  });

  test('are no exports any more when their browser has left: it may begin four others', async () => {
    const exports = Array.from({ length: 4 }, () => '/rally/export.csv');
    const { started, stub, cookie } = await leaveAll('/rally', ...exports);
    stub.answers.set(RALLY.apiPath, RALLY.data);
    const answer = await fetch(`${started.url}/rally/export.csv`, { headers: { cookie } });

    expect(answer.status).toBe(200);
  });
});

describe('a request on a connection that another one has', () => {
  test('is known to be of nobody, although that is asked only when its browser has left', async () => {
    const waiting: { response: ServerResponse; goOn: () => void }[] = [];
    const gone: (boolean | undefined)[] = [];
    const { server } = createHttpServer(createLog('silent'));
    const app = express();
    app.use(inBrowserRequest, async (_request, response) => {
      await new Promise<void>((goOn) => waiting.push({ response, goOn }));
      gone.push(browserRequest()?.gone?.aborted);
    });
    server.on('request', app);
    await once(server.listen(0), 'listening');
    const { port } = server.address() as AddressInfo;
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const browser = await beginOn(`http://localhost:${port}`, request.repeat(2));
    while (waiting.length < 2) await nextTurn();
    browser.destroy();
    while (!waiting.every(({ response }) => response.destroyed)) await nextTurn();
    for (const { goOn } of waiting) goOn();
    while (gone.length < 2) await nextTurn();
    server.close();

    expect(gone).toEqual([true, true]);
  });
});

/** A person's browser asks for all these, and leaves when Rally has been asked, too. Ends when none is asked any more. */
async function leaveAll(...paths: string[]) {
  // Longer than this test may take: no time limit ends what was asked of Rally.
  const person = await connectTo(RALLY, undefined, { UPSTREAM_TIMEOUT_MS: '25000' });
  const held: ServerResponse[] = [];
  const all = new Promise<void>((resolve) => {
    person.stub.answers.set(RALLY.apiPath, (_request, response) => {
      if (held.push(response) === paths.length) resolve();
    });
  });
  const requests = paths.map(
    (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${person.cookie}\r\n\r\n`,
  );
  const browser = await beginOn(person.started.url, requests.join(''));
  await all;
  const closed = held.map((response) => once(response, 'close'));
  browser.destroy();
  await Promise.all(closed);
  return person;
}
