// The proxy of a company, and a provider with a certificate of the company's own. They are processes,
// since Node reads NODE_EXTRA_CA_CERTS when it starts.
import { rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { hasOpenSsl, makeCertificate, type Certificate } from '../support/certificate.js';
import { freePort, printed, run } from '../support/process.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { listen, stop } from '../support/start.js';
import { comeBack } from '../support/stub-provider.js';
import { Visitor, type Page } from '../support/visitor.js';

// Without openssl, support/machine.ts has said so before the tests began, and failed in CI.
const describeWithOpenSsl = hasOpenSsl() ? describe : describe.skip;

jest.setTimeout(60_000); // a process starts for each test, on a machine that may have other work

/** Nobody has this name: the proxy finds it, and the app only where a test tells it where it is. */
const HOST = 'provider.example';
const SECRETS = {
  code: 'the-code-of-this-sign-in',
  clientSecret: 'the-client-secret-of-rally',
  token: 'the-token-of-the-provider',
};
const PROXY_LOGIN = Buffer.from('the-app:its-password').toString('base64');

/** Lets a process find HOST on this machine. */
const KNOWS_HOST = `
  import dns from 'node:dns';
  const { lookup } = dns;
  dns.lookup = (host, ...rest) => lookup(host === '${HOST}' ? '127.0.0.1' : host, ...rest);`;

let certificate: Certificate;
let received: { path: string; headers: Record<string, unknown>; body: string }[];

beforeAll(() => {
  if (hasOpenSsl()) certificate = makeCertificate([HOST, 'localhost']);
});
beforeEach(() => {
  received = [];
});
afterAll(() => {
  if (hasOpenSsl()) rmSync(certificate.folder, { recursive: true });
});

const answer: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    received.push({ path, headers: request.headers, body });
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Connection', 'close'); // each test has tunnels of its own
    response.end(
      JSON.stringify({
        access_token: SECRETS.token,
        User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' },
        QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] },
      }),
    );
  });
};

interface Surroundings {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  /** Variables of the app, of which some follow from where the proxy is. */
  readonly environment: (proxy: Proxy) => Record<string, string>;
}

/** An app, its provider, and the proxy that is between them. */
interface Network {
  readonly proxy: Proxy;
  /** Host and port. */
  readonly provider: string;
  /** Somebody signs in, as far as they come, then opens a page. */
  readonly signIn: () => Promise<{ signedIn: Page; page: Page }>;
  readonly close: () => Promise<void>;
}

/** Those that end with their test. */
const ofThisTest: Network[] = [];
afterEach(async () => {
  for (const network of ofThisTest.splice(0)) await network.close();
});

async function startForThisTest(surroundings: Surroundings): Promise<Network> {
  const network = await startNetwork(surroundings);
  ofThisTest.push(network);
  return network;
}

async function startNetwork({
  scheme = 'https',
  host = HOST,
  environment,
}: Surroundings): Promise<Network> {
  const server =
    scheme === 'https' ? createHttpsServer(certificate, answer) : createHttpServer(answer);
  const providerPort = await listen(server);
  const proxy = await startProxy(providerPort);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const app = run('dist/server.js', {
    PORT: String(port),
    RALLY_SERVER: `${scheme}://${host}:${providerPort}`,
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: SECRETS.clientSecret,
    ...environment(proxy),
  });
  await printed(app, 'The app is at');
  return {
    proxy,
    provider: `${host}:${providerPort}`,
    signIn: async () => {
      const visitor = new Visitor();
      const signedIn = await comeBack(visitor, { url }, 'rally');
      return { signedIn, page: await visitor.visit(`${url}/rally`) };
    },
    close: async () => {
      app.child.kill('SIGKILL');
      await app.exit;
      await Promise.all([proxy.close(), stop(server)]);
    },
  };
}

const trusting = () => ({ NODE_EXTRA_CA_CERTS: certificate.path });
const knowingHost = () => ({
  NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(KNOWS_HOST).toString('base64')}`,
});

function expectWholeSignIn({ signedIn, page }: { signedIn: Page; page: Page }): void {
  expect(signedIn.status).toBe(303);
  expect(page.status).toBe(200);
  expect(received.map(({ path }) => path)).toContain('/login/oauth2/token');
  expect(received.at(-1)?.headers['zsessionid']).toBe(SECRETS.token);
}

function expectNothingToRead({ proxy }: Network): void {
  for (const secret of Object.values(SECRETS)) expect(proxy.read()).not.toContain(secret);
}

describeWithOpenSsl('HTTPS_PROXY', () => {
  describe('with a password', () => {
    let network: Network;
    beforeAll(async () => {
      network = await startNetwork({
        environment: ({ url }) => ({
          ...trusting(),
          HTTPS_PROXY: url.replace('//', '//the-app:its-password@'),
        }),
      });
    });
    beforeEach(() => {
      network.proxy.reset();
    });
    afterAll(() => network.close());

    test('takes everything to an https provider, by CONNECT, and can read none of it', async () => {
      const { proxy, provider } = network;
      expectWholeSignIn(await network.signIn());

      expect(new Set(proxy.asked.map(({ line }) => line))).toEqual(
        new Set([`CONNECT ${provider}`]),
      );
      expect(proxy.read()).toContain(`CONNECT ${provider}`);
      expectNothingToRead(network);
    });

    test('gives it to the proxy alone', async () => {
      expectWholeSignIn(await network.signIn());

      expect(network.proxy.asked[0]?.authorization).toBe(`Basic ${PROXY_LOGIN}`);
      for (const { headers } of received) expect(headers).not.toHaveProperty('proxy-authorization');
    });

    test.each([401, 403, 407, 502])(
      'that refuses with %i is sent no secret, and is not taken for the provider',
      async (status) => {
        network.proxy.reset(
          `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nContent-Length: 25\r\nConnection: close\r\n\r\n{"error":"invalid_grant"}`,
        );
        const { signedIn } = await network.signIn();

        expect(signedIn.status).toBe(502);
        expect(signedIn.text).not.toContain('invalid_grant');
        expect(network.proxy.asked.length).toBeGreaterThan(0);
        expect(received).toEqual([]);
        expectNothingToRead(network);
      },
    );
  });

  test('may be written https_proxy', async () => {
    const network = await startForThisTest({
      environment: ({ url }) => ({ ...trusting(), https_proxy: url }),
    });
    expectWholeSignIn(await network.signIn());

    expect(new Set(network.proxy.asked.map(({ line }) => line))).toEqual(
      new Set([`CONNECT ${network.provider}`]),
    );
  });

  test('is left aside for the hosts of NO_PROXY', async () => {
    const network = await startForThisTest({
      environment: ({ url }) => ({
        ...trusting(),
        ...knowingHost(),
        HTTPS_PROXY: url,
        NO_PROXY: `other.example,${HOST}`,
      }),
    });
    expectWholeSignIn(await network.signIn());

    expect(network.proxy.asked).toEqual([]);
  });

  test('is never used for a provider on this machine', async () => {
    const network = await startForThisTest({
      host: 'localhost',
      environment: ({ url }) => ({ ...trusting(), HTTPS_PROXY: url }),
    });
    expectWholeSignIn(await network.signIn());

    expect(network.proxy.asked).toEqual([]);
  });

  test('that opens what goes through it, with a certificate of its own, gets nothing to read', async () => {
    const network = await startForThisTest({ environment: ({ url }) => ({ HTTPS_PROXY: url }) });
    const { signedIn } = await network.signIn();

    expect(signedIn.status).toBe(502);
    expect(network.proxy.asked.length).toBeGreaterThan(0);
    expect(received).toEqual([]);
    expectNothingToRead(network);
  });
});

describe('HTTP_PROXY', () => {
  test('is never used for a provider at 127.0.0.1: plain http is for this machine alone', async () => {
    const network = await startForThisTest({
      scheme: 'http',
      host: '127.0.0.1',
      environment: ({ url }) => ({ HTTP_PROXY: url, HTTPS_PROXY: url }),
    });
    expectWholeSignIn(await network.signIn());

    expect(network.proxy.asked).toEqual([]);
    expect(network.proxy.read()).toBe('');
  });
});
