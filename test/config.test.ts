import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig, loadProviderConfig } from '../src/config.js';

const SECRET = 'x'.repeat(32);
const RALLY = { RALLY_CLIENT_ID: 'id', RALLY_CLIENT_SECRET: 'secret' };
const GOCD = {
  GOCD_SERVER: 'https://go.example:8154/go',
  GOCD_CLIENT_ID: 'id',
  GOCD_CLIENT_SECRET: 'secret',
};
const PRODUCTION = { NODE_ENV: 'production', SESSION_SECRET: SECRET, ...RALLY };

/** The problems of an environment that must not be accepted. */
function problems(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
  }
  throw new Error('the environment was accepted');
}

describe('loadConfig with nothing set', () => {
  test('starts the sandbox on localhost:4567, with all defaults', () => {
    expect(loadConfig({})).toMatchObject({
      port: 4567,
      serverUrl: 'http://localhost:4567',
      upstreamTimeoutMs: 10_000,
      sessionTtlHours: 8,
      rateLimitPerMinute: 300,
      logLevel: 'info',
      sandbox: { port: 4568 },
    });
  });

  test('makes up another session secret at each start', () => {
    expect(loadConfig({}).sessionSecrets).not.toEqual(loadConfig({}).sessionSecrets);
  });

  test('counts an empty value as unset', () => {
    expect(loadConfig({ PORT: '', RALLY_CLIENT_ID: '', SERVER_URL: '' })).toMatchObject({
      port: 4567,
      sandbox: { port: 4568 },
    });
  });

  test('in production names everything that is missing', () => {
    const text = problems({ NODE_ENV: 'production' });

    for (const name of ['SESSION_SECRET', ...Object.keys(RALLY), ...Object.keys(GOCD)]) {
      expect(text).toContain(name);
    }
  });
});

describe('loadConfig with providers', () => {
  test('takes Rally alone, from its usual server and with its scope', () => {
    const config = loadConfig(RALLY);

    expect(config.rally).toEqual({
      server: 'https://rally1.rallydev.com',
      client: { id: 'id', secret: 'secret' },
      scope: 'alm',
    });
    expect(config.gocd).toBeUndefined();
    expect(config.sandbox).toBeUndefined();
  });

  test('takes the names of the older samples, the newer ones first', () => {
    const older = { CLIENT_ID: 'older', CLIENT_SECRET: 'older' };

    expect(loadConfig(older).rally?.client.id).toBe('older');
    expect(loadConfig({ ...older, ...RALLY }).rally?.client.id).toBe('id');
  });

  test('takes GoCD alone, and drops a trailing slash', () => {
    expect(loadConfig({ ...GOCD, GOCD_SERVER: `${GOCD.GOCD_SERVER}/` }).gocd?.server).toBe(
      GOCD.GOCD_SERVER,
    );
  });

  test('takes GOCD_SERVER alone: a GoCD without OAuth has nothing to register with', () => {
    const { gocd, sandbox } = loadConfig({ GOCD_SERVER: GOCD.GOCD_SERVER });

    expect(gocd).toEqual({ server: GOCD.GOCD_SERVER });
    expect(sandbox).toBeUndefined();
  });

  test.each([
    [{ RALLY_CLIENT_ID: 'id' }, ['RALLY_CLIENT_SECRET']],
    [{ GOCD_CLIENT_ID: 'id' }, ['GOCD_SERVER', 'GOCD_CLIENT_SECRET']],
    [{ GOCD_SERVER: 'https://go.example', GOCD_CLIENT_SECRET: 's' }, ['GOCD_CLIENT_ID']],
    [{ RALLY_SERVER: 'https://rally.example' }, ['RALLY_CLIENT_ID', 'RALLY_CLIENT_SECRET']],
  ])('names what a half configured provider lacks: %j', (environment, names) => {
    for (const name of names) expect(problems(environment)).toContain(`${name} is missing`);
  });

  test.each(['http://localhost:1', 'http://go.localhost', 'http://127.8.9.1:1', 'http://[::1]:1'])(
    'takes plain http on loopback: %s',
    (server) => {
      expect(loadConfig({ ...PRODUCTION, RALLY_SERVER: server }).rally?.server).toBe(server);
    },
  );

  test.each([
    'http://rally.example',
    'http://localhost.example',
    'http://128.0.0.1',
    'ftp://localhost',
    'rally.example',
    'https://user:password@rally.example',
    'https://rally.example?x=1',
    'https://rally.example#x',
  ])('refuses the server %s', (server) => {
    expect(problems({ ...RALLY, RALLY_SERVER: server })).toContain('RALLY_SERVER must');
  });
});

describe('loadConfig, SERVER_URL', () => {
  test('follows PORT, as Foreman sets it', () => {
    expect(loadConfig({ PORT: '5000' }).serverUrl).toBe('http://localhost:5000');
  });

  test('follows Heroku’s domain name', () => {
    const heroku = { DYNO: 'web.1', HEROKU_APP_DEFAULT_DOMAIN_NAME: 'app-1.herokuapp.com' };

    expect(loadConfig({ ...PRODUCTION, ...heroku }).serverUrl).toBe('https://app-1.herokuapp.com');
  });

  test('is asked for on Heroku without one, with the command that sets it', () => {
    expect(problems({ ...PRODUCTION, DYNO: 'web.1' })).toContain('heroku config:set SERVER_URL');
  });

  test('must be https in production, but for loopback', () => {
    expect(problems({ ...PRODUCTION, SERVER_URL: 'http://app.example' })).toContain('SERVER_URL');
    expect(loadConfig({ ...PRODUCTION, SERVER_URL: 'http://localhost:1/' }).serverUrl).toBe(
      'http://localhost:1',
    );
  });

  test('is read as the same address however it is written', () => {
    expect(loadConfig({ ...PRODUCTION, SERVER_URL: 'HTTPS://App.Example/' })).toMatchObject({
      serverUrl: 'https://app.example',
      isHttps: true,
    });
  });

  test('has a port that the sandbox does not take', () => {
    expect(problems({ PORT: '4568' })).toBe('SANDBOX_PORT must not be the same as PORT');
  });

  test('has any port where a provider is configured, as no sandbox then starts', () => {
    expect(loadConfig({ ...RALLY, PORT: '4568' }).port).toBe(4568);
  });

  test('must not have a path', () => {
    expect(problems({ SERVER_URL: 'https://app.example/sample' })).toContain('SERVER_URL');
  });
});

describe('loadProviderConfig', () => {
  test('asks for nothing that the web app alone must have, in production too', () => {
    const config = loadProviderConfig(
      { NODE_ENV: 'production', DYNO: 'run.1', LOG_LEVEL: 'loud', PORT: '5000', ...RALLY },
      'rally',
    );

    expect(config).toMatchObject({
      serverUrl: 'http://localhost:5000',
      rally: { client: { id: 'id' } },
    });
  });

  test('does not stumble over the port of a sandbox that it does not start', () => {
    expect(loadProviderConfig({ PORT: '4568' }, 'rally').rally).toBeUndefined();
  });

  test('does not stumble over the other provider, configured by half', () => {
    const both = { ...GOCD, GOCD_CLIENT_SECRET: '', ...RALLY };

    expect(loadProviderConfig(both, 'rally').rally?.client.id).toBe('id');
    expect(() => loadProviderConfig(both, 'gocd')).toThrow('GOCD_CLIENT_SECRET is missing');
  });
});

describe('loadConfig, the rest', () => {
  test('rotates session secrets by a list, and wants 32 characters of each in production', () => {
    const { sessionSecrets } = loadConfig({
      ...PRODUCTION,
      SESSION_SECRET: `${SECRET}, ${SECRET}y`,
    });

    expect(sessionSecrets).toEqual([SECRET, `${SECRET}y`]);
    expect(problems({ ...PRODUCTION, SESSION_SECRET: `${SECRET},short` })).toContain(
      'SESSION_SECRET',
    );
    expect(problems({ SESSION_SECRET: 'a,,b' })).toContain('SESSION_SECRET');
  });

  test.each([
    ['PORT', 'abc'],
    ['PORT', '0'],
    ['PORT', '70000'],
    ['PORT', '4567.5'],
    ['PORT', ' 4567'],
    ['UPSTREAM_TIMEOUT_MS', '30000'],
    ['SESSION_TTL_HOURS', '-1'],
    ['RATE_LIMIT_PER_MINUTE', 'many'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'Production'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['WEB_CONCURRENCY', '0'],
    ['WEB_CONCURRENCY', 'auto'],
    ['WEB_CONCURRENCY', '201'],
    ['RALLY_SERVER', 'http://rally.example'],
    ['SANDBOX_PORT', '1e3'],
  ])('refuses %s=%s', (name, value) => {
    expect(problems({ [name]: value })).toMatch(new RegExp(`^${name} must`));
  });

  test('asks for SESSION_SECRET where REDIS_URL is set: processes that share one must share both', () => {
    expect(problems({ REDIS_URL: 'redis://localhost' })).toContain('SESSION_SECRET is missing');
    const secret = { SESSION_SECRET: 'short is enough here' };
    expect(() => loadConfig({ REDIS_URL: 'redis://localhost', ...secret })).not.toThrow();
  });

  test('takes several workers with a Redis alone, and on Heroku, which asks for them by itself', () => {
    const redis = { REDIS_URL: 'redis://localhost', SESSION_SECRET: SECRET };

    expect(loadConfig({}).workers).toBe(1);
    expect(loadConfig({ ...redis, WEB_CONCURRENCY: '4' }).workers).toBe(4);
    expect(problems({ WEB_CONCURRENCY: '4' })).toBe(
      'WEB_CONCURRENCY must be 1 without REDIS_URL: sessions in memory belong to one process',
    );
    expect(problems({ ...redis, REDIS_URL: 'nonsense', WEB_CONCURRENCY: '4' })).not.toContain(
      'WEB_CONCURRENCY',
    );
    const heroku = { DYNO: 'web.1', SERVER_URL: 'https://app.example' };
    expect(() => loadConfig({ ...PRODUCTION, ...heroku, WEB_CONCURRENCY: '4' })).not.toThrow();
  });

  test('reports a wrong value and what is missing beside it at once, each name once', () => {
    const half = { GOCD_SERVER: 'http://go.example', GOCD_CLIENT_ID: 'id' };
    const wrong = problems({ ...PRODUCTION, ...half });
    const heroku = problems({ ...PRODUCTION, DYNO: 'web.1', SERVER_URL: 'nonsense' });

    expect(wrong.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'GOCD_SERVER',
      'GOCD_CLIENT_SECRET',
    ]);
    expect(heroku.split('\n')).toHaveLength(1);
  });

  test('reports all problems at once, without any value', () => {
    const text = problems({
      NODE_ENV: 'production',
      PORT: 'abc',
      LOG_LEVEL: 'loud',
      SESSION_SECRET: 'too-short-a-secret',
      RALLY_CLIENT_SECRET: 'a-client-secret',
    });

    expect(text.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'PORT',
      'LOG_LEVEL',
      'RALLY_CLIENT_ID',
      'SESSION_SECRET',
    ]);
    expect(text).not.toMatch(/abc|loud|too-short|a-client/);
  });
});
