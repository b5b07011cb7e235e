// How the process ends: in good order on a signal, and with a code of its own after a fault. It is the
// compiled one, as Foreman and Heroku run it. slow/stop.test.ts stops it while a provider or Redis hangs.
import { Agent, get } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { printed } from './support/process.js';
import { CUT, doing, StoppableApp } from './support/stoppable-app.js';
import { beginOn } from './support/wire.js';

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99';

const app = new StoppableApp();

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a request in flight finish, takes no new one, and exits 0', async () => {
    const server = await app.run();
    const { page, answerNow } = await app.pageInFlight();
    server.child.kill(signal);
    await printed(server, 'finishing what is in flight');
    await expect(supertest(app.url).get('/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    answerNow();

    expect((await page).status).toBe(200);
    expect((await page).headers.get('connection')).toBe('close');
    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
  });
});

describe('SIGTERM', () => {
  test('does not wait for connections that ask for nothing, or not to the end', async () => {
    const server = await app.run();
    await beginOn(app.url);
    await beginOn(app.url, 'GET / HTTP/1.1\r\nHost: half-a-req');
    await beginOn(app.url, `POST /logout HTTP/1.1\r\nHost: a\r\n${FORM}\r\n\r\nhalf-a-form`);
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => {
      get(`${app.url}/healthz`, { agent }, (answer) => answer.resume().once('end', resolve));
    });
    server.child.kill('SIGTERM');

    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
    agent.destroy();
  });

  test('given again ends the process at once', async () => {
    const server = await app.run();
    const { page } = await app.pageInFlight();
    server.child.kill('SIGTERM');
    await printed(server, 'finishing what is in flight');
    const again = setInterval(() => server.child.kill('SIGTERM'), 50);

    await expect(page).rejects.toThrow(/fetch failed/);
    expect(await server.exit).toBe(0);
    expect(server.output()).not.toContain(CUT);
    clearInterval(again);
  });
});

describe('SIGINT', () => {
  test('that is repeated at once, as npm does, cuts nothing off', async () => {
    const server = await app.run(doing('SIGWINCH', "console.log('both are seen')"));
    const { page, answerNow } = await app.pageInFlight();
    server.child.kill('SIGINT');
    await printed(server, 'finishing what is in flight');
    server.child.kill('SIGINT');
    server.child.kill('SIGWINCH');
    await printed(server, 'both are seen');
    answerNow();

    expect((await page).status).toBe(200);
    expect(await server.exit).toBe(0);
  });
});

describe('a fault that nobody caught', () => {
  const SECRET = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';
  const withSecret = `Object.assign(new Error('client_secret=${SECRET}'), { config: { data: '${SECRET}' } })`;

  test.each([['an exception', `throw ${withSecret};`]])(
    '%s is logged without a secret, and ends the process with 1',
    async (_what, fault) => {
      const server = await app.run(doing('SIGUSR2', fault));
      const { page, answerNow } = await app.pageInFlight();
      server.child.kill('SIGUSR2');
      await printed(server, 'a fault that nobody caught');
      answerNow();

      expect((await page).status).toBe(200);
      expect(await server.exit).toBe(1);
      expect(server.output()).not.toContain(SECRET);
      expect(server.output()).toContain('"level":"fatal"');
    },
  );
});
