// The process itself: what it prints, when it refuses to start, how it stops. It is the compiled
// one, as Foreman and Heroku run it.
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { signIn } from './support/dance.js';
import { endRuns, freePort, printed, run as runProgram } from './support/process.js';
import { listen, stop } from './support/start.js';
import {
  hang,
  json,
  startStubProvider,
  comeBack,
  type StubProvider,
} from './support/stub-provider.js';
import { Visitor } from './support/visitor.js';

let stub: StubProvider | undefined;

afterEach(async () => {
  await endRuns();
  await stub?.close();
  stub = undefined;
});

const run = (environment: Record<string, string>) => runProgram('dist/server.js', environment);

describe('npm start with nothing configured', () => {
  test('starts app and sandbox on the given ports, and one can sign in at once', async () => {
    const [port, sandboxPort] = [await freePort(), await freePort()];
    const server = run({ PORT: String(port), SANDBOX_PORT: String(sandboxPort) });
    await printed(server, 'a person who may view no pipeline');
    const url = `http://localhost:${port}`;
    const page = await signIn(new Visitor(), { url }, 'rally');

    expect(server.output()).toContain(`The app is at ${url}`);
    expect(server.output()).toContain(`http://localhost:${sandboxPort}/go`);
    expect(server.output()).toMatch(/password "sandbox"/);
    expect(page.$('h1').text()).toBe('Stories of Ada Finch');
  });

  test('in production exits 1, names every missing variable, and shows no stack', async () => {
    const server = run({ NODE_ENV: 'production' });

    expect(await server.exit).toBe(1);
    for (const name of [
      'SESSION_SECRET',
      'RALLY_CLIENT_ID',
      'RALLY_CLIENT_SECRET',
      'GOCD_SERVER',
      'GOCD_CLIENT_ID',
      'GOCD_CLIENT_SECRET',
    ]) {
      expect(server.output()).toContain(name);
    }
    expect(server.output()).not.toMatch(/^ +at /m);
  });

  test('in production without a Redis warns once that a restart signs everybody out', async () => {
    const server = run({
      NODE_ENV: 'production',
      PORT: String(await freePort()),
      SESSION_SECRET: 'a secret of the tests of thirty-two characters or more',
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    });
    await printed(server, 'The app is at');

    expect(server.output().match(/REDIS_URL/g)).toHaveLength(1);
    expect(server.output()).toContain('A restart signs everybody out');
  });

  test('says in one line what to do about a port that is taken', async () => {
    const blocker = createServer();
    const port = await listen(blocker);
    const server = run({ PORT: String(port), SANDBOX_PORT: String(await freePort()) });

    expect(await server.exit).toBe(1);
    expect(server.output()).toContain(`Port ${port} is in use`);
    await stop(blocker);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a request in flight finish, takes no new one, and exits 0', async () => {
    stub = await startStubProvider();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    stub.answers.set(
      '/slm/webservice/v2.0/user',
      json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
    );
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const server = run({
      PORT: String(port),
      LOG_LEVEL: 'info',
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    });
    await printed(server, 'The app is at');
    const visitor = new Visitor();
    await comeBack(visitor, { url }, 'rally');

    // The provider answers only after the process was told to stop.
    const arrived = new Promise<() => void>((resolve) => {
      stub?.answers.set('/slm/webservice/v2.0/hierarchicalrequirement', (_request, response) => {
        const result = { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] };
        resolve(() => response.writeHead(200).end(JSON.stringify({ QueryResult: result })));
      });
    });
    const inFlight = visitor.visit(`${url}/rally`);
    const answerNow = await arrived;
    server.child.kill(signal);
    await printed(server, 'finishing what is in flight');
    await expect(supertest(url).get('/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    answerNow();

    expect((await inFlight).status).toBe(200);
    expect(await server.exit).toBe(0);
  });
});

describe('a browser that leaves', () => {
  test('ends the request to the provider that was made for it', async () => {
    stub = await startStubProvider();
    const port = await freePort();
    const server = run({
      PORT: String(port),
      RALLY_SERVER: stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    });
    await printed(server, 'The app is at');
    const ended = new Promise<string>((resolve) => {
      stub?.answers.set('/login/oauth2/token', (request, response) => {
        hang(request, response);
        response.once('close', () => {
          resolve('ended');
        });
        browser.abort();
      });
    });
    const browser = new AbortController();
    const url = `http://localhost:${port}`;
    const begun = await fetch(`${url}/login/rally`, { redirect: 'manual' });
    const state = new URL(begun.headers.get('Location') ?? '').searchParams.get('state') ?? '';
    const back = fetch(`${url}/oauth-redirect?code=c&state=${state}`, {
      headers: { Cookie: begun.headers.getSetCookie()[0]?.split(';')[0] ?? '' },
      signal: browser.signal,
    });

    await expect(back).rejects.toThrow(/abort/);
    expect(await ended).toBe('ended');
  });
});
