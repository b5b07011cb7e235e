// The process itself: what it prints, and when it refuses to start. It is the compiled one, as
// Foreman and Heroku run it. stop.test.ts has its end.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { signIn } from './support/dance.js';
import { endRuns, freePort, printed, run as runProgram } from './support/process.js';
import { closeAll, listen, stop } from './support/start.js';
import {
  hang,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from './support/stub-provider.js';
import { Visitor } from './support/visitor.js';

let stub: StubProvider | undefined;

afterEach(async () => {
  await closeAll();
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

  test('does not take an .env that it cannot read for none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'env-'));
    mkdirSync(join(folder, '.env'));
    const server = runProgram(resolve('dist/server.js'), {}, folder);

    expect(await server.exit).toBe(1);
    expect(server.output()).toContain('.env cannot be read (EISDIR)');
    rmSync(folder, { recursive: true });
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

describe('a browser that leaves', () => {
  test('ends the request to the provider that was made for it', async () => {
    stub = await startStubProvider();
    const { url } = await startWithStub(stub);
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
