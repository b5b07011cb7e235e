// SECURITY.md, G: the process, and what it is started with.
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { ConfigError, loadConfig } from '../../src/config.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { letAllBeWell, PROVIDERS } from '../support/both-providers.js';
import { endRuns, freePort, printed, run } from '../support/process.js';
import { SMALL } from '../support/sandbox.js';
import { closeAll } from '../support/start.js';
import {
  comeBack,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { thrownBy } from '../support/thrown.js';
import { Visitor } from '../support/visitor.js';

let stub: StubProvider | undefined;

afterEach(async () => {
  delete process.env['NODE_ENV'];
  await closeAll();
  await endRuns();
  await stub?.close();
  stub = undefined;
});

const SECRET = 'a-secret-that-nobody-may-read-1234567890';
const RALLY = { RALLY_CLIENT_ID: 'id', RALLY_CLIENT_SECRET: SECRET };
const PRODUCTION = { NODE_ENV: 'production', SERVER_URL: 'https://app.example', ...RALLY };

test.each([
  ['no SESSION_SECRET', { SESSION_SECRET: undefined }, ['SESSION_SECRET']],
  ['a short SESSION_SECRET', { SESSION_SECRET: 'short-secret-of-nobody' }, ['SESSION_SECRET']],
  ['an empty one in a list', { SESSION_SECRET: `${SECRET},,` }, ['SESSION_SECRET']],
  ['a client by half', { RALLY_CLIENT_ID: '' }, ['RALLY_CLIENT_ID']],
  [
    'no provider',
    { RALLY_CLIENT_ID: '', RALLY_CLIENT_SECRET: '' },
    ['RALLY_CLIENT_ID', 'GOCD_SERVER'],
  ],
  ['plain http', { SERVER_URL: 'http://app.example' }, ['SERVER_URL']],
  ['a password in an address', { GOCD_SERVER: `https://u:${SECRET}@go.example` }, ['GOCD_SERVER']],
  ['a provider without https', { RALLY_SERVER: 'http://rally.example' }, ['RALLY_SERVER']],
  ['a wrong REDIS_URL', { REDIS_URL: `http://:${SECRET}@redis` }, ['REDIS_URL']],
  ['a port that is no number', { PORT: SECRET }, ['PORT']],
  [
    'several at once',
    { PORT: SECRET, LOG_LEVEL: SECRET, NODE_ENV: SECRET },
    ['PORT', 'LOG_LEVEL', 'NODE_ENV'],
  ],
])(
  'G1 %s stops the start, by the name of the variable and without its value (ASVS 13.2.3, 13.3.1)',
  (_what, environment, names) => {
    const error = thrownBy(() =>
      loadConfig({ ...PRODUCTION, SESSION_SECRET: SECRET, ...environment }),
    );

    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    for (const name of names) expect(message).toContain(name);
    expect(message).not.toMatch(/a-secret-that|short-secret/);
  },
);

test('G1 the process exits with 1 at once, and prints no secret (twelve-factor)', async () => {
  const server = run('dist/server.js', {
    ...PRODUCTION,
    SESSION_SECRET: 'short-secret',
    PORT: SECRET,
  });

  expect(await server.exit).toBe(1);
  expect(server.output()).toContain('PORT');
  expect(server.output()).toContain('SESSION_SECRET');
  expect(server.output()).not.toMatch(/a-secret-that|short-secret|^ +at /m);
});

test('G2 production never starts the sandbox (ASVS 15.2.3)', async () => {
  const settings = { SANDBOX_PORT: '4568', SANDBOX_STORIES: '1' };
  const config = loadConfig({ ...PRODUCTION, SESSION_SECRET: SECRET, ...settings });
  expect(config.sandbox).toBeUndefined();
  expect(() => loadConfig({ NODE_ENV: 'production', SESSION_SECRET: SECRET, ...settings })).toThrow(
    ConfigError,
  );

  process.env['NODE_ENV'] = 'production';
  const redirectUris = { rally: 'http://localhost/a', gocd: 'http://localhost/b' };
  await expect(startSandbox({ ...SMALL, pipelines: 1 }, redirectUris)).rejects.toThrow(
    'production',
  );
});

test('G6 no answer of a provider ends the process, or leaves it with a fault that nobody caught (ASVS 16.5.4)', async () => {
  stub = await startStubProvider();
  letAllBeWell(stub);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const server = run('dist/server.js', {
    PORT: String(port),
    UPSTREAM_TIMEOUT_MS: '500',
    RALLY_SERVER: stub.url,
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
    GOCD_SERVER: `${stub.url}/go`,
  });
  await printed(server, 'The app is at');
  const visitor = new Visitor();
  await comeBack(visitor, { url }, 'rally');
  const [{ tokenPath, dataPath }] = PROVIDERS;
  const answers = [
    json(null),
    json([[]]),
    json(7),
    reset,
    respond(200, 'application/json', Buffer.from([0xff, 0xfe, 0])),
    respond(200, 'application/json', 'x', { 'Content-Length': '100' }),
    respond(200, 'application/json', 'no gzip', { 'Content-Encoding': 'gzip' }),
    respond(200, 'application/json', 'no brotli', { 'Content-Encoding': 'br' }),
    respond(302, 'text/html', '', { Location: 'http://%' }),
  ];
  for (const answer of answers) {
    stub.answers.set(dataPath, answer);
    stub.answers.set(tokenPath, answer);
    expect((await visitor.visit(`${url}/rally`)).status).toBeGreaterThanOrEqual(500);
    expect((await comeBack(visitor, { url }, 'rally')).status).toBeGreaterThanOrEqual(500);
  }

  expect((await supertest(url).get('/healthz')).status).toBe(200);
  expect(server.child.exitCode).toBeNull();
  expect(server.output()).not.toMatch(/unhandled|uncaught|"internal"/i);
});

describe('G6 who begins very many sign-ins', () => {
  test('is slowed down, by their address; a router’s word for it counts only where there is a router (ASVS 15.2.2)', async () => {
    stub = await startStubProvider();
    const { url } = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '2' });
    const statuses = [];
    for (let sent = 0; sent < 4; sent++) {
      const asked = supertest(url).get('/login/rally');
      statuses.push((await asked.set('X-Forwarded-For', `203.0.113.${sent}`)).status);
    }

    expect(statuses).toEqual([302, 302, 429, 429]);
  });
});
