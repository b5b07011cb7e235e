// The proxy of a company, and a provider with a certificate of the company's own. They are processes,
// since Node reads NODE_EXTRA_CA_CERTS when it starts.
import { rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { hasOpenSsl, makeCertificate, type Certificate } from './support/certificate.js';
import { endRuns, freePort, printed, run } from './support/process.js';
import { startProxy, type Proxy } from './support/proxy.js';
import { listen, stop } from './support/start.js';
import { comeBack } from './support/stub-provider.js';
import { Visitor, type Page } from './support/visitor.js';

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
let proxy: Proxy;
let received: { path: string; headers: Record<string, unknown>; body: string }[];
let server: ReturnType<typeof createHttpServer> | ReturnType<typeof createHttpsServer>;
let url: string;

beforeAll(() => {
  if (hasOpenSsl()) certificate = makeCertificate([HOST, 'localhost']);
});
afterAll(() => {
  if (hasOpenSsl()) rmSync(certificate.folder, { recursive: true });
});
afterEach(async () => {
  await endRuns();
  await Promise.all([proxy.close(), stop(server)]);
});

const answer: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    received.push({ path, headers: request.headers, body });
    response.setHeader('Content-Type', 'application/json');
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
  /** What the proxy says to CONNECT in place of a tunnel. */
  readonly refusal?: string;
  /** Variables of the app, of which some follow from where the proxy is. */
  readonly environment: (proxy: Proxy) => Record<string, string>;
}

/** Starts provider, proxy and app; somebody signs in, as far as they come, then asks for a page. */
async function signInFrom({
  scheme = 'https',
  host = HOST,
  refusal,
  environment,
}: Surroundings): Promise<{ signedIn: Page; page: Page; provider: string }> {
  received = [];
  server = scheme === 'https' ? createHttpsServer(certificate, answer) : createHttpServer(answer);
  const providerPort = await listen(server);
  proxy = await startProxy(providerPort, refusal);
  const port = await freePort();
  url = `http://localhost:${port}`;
  const app = run('dist/server.js', {
    PORT: String(port),
    RALLY_SERVER: `${scheme}://${host}:${providerPort}`,
    RALLY_CLIENT_ID: 'the-client',
    RALLY_CLIENT_SECRET: SECRETS.clientSecret,
    ...environment(proxy),
  });
  await printed(app, 'The app is at');
  const visitor = new Visitor();
  const signedIn = await comeBack(visitor, { url }, 'rally');
  const page = await visitor.visit(`${url}/rally`);
  return { signedIn, page, provider: `${host}:${providerPort}` };
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

function expectNothingToRead(): void {
  for (const secret of Object.values(SECRETS)) expect(proxy.read()).not.toContain(secret);
}

describeWithOpenSsl('HTTPS_PROXY', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])(
    '%s takes everything to an https provider, by CONNECT, and can read none of it',
    async (name) => {
      const { provider, ...pages } = await signInFrom({
        environment: ({ url }) => ({ ...trusting(), [name]: url }),
      });

      expectWholeSignIn(pages);
      expect(new Set(proxy.asked.map(({ line }) => line))).toEqual(
        new Set([`CONNECT ${provider}`]),
      );
      expect(proxy.read()).toContain(`CONNECT ${provider}`);
      expectNothingToRead();
    },
  );

  test('with a password gives it to the proxy alone', async () => {
    const pages = await signInFrom({
      environment: ({ url }) => ({
        ...trusting(),
        HTTPS_PROXY: url.replace('//', '//the-app:its-password@'),
      }),
    });

    expectWholeSignIn(pages);
    expect(proxy.asked[0]?.authorization).toBe(`Basic ${PROXY_LOGIN}`);
    for (const { headers } of received) expect(headers).not.toHaveProperty('proxy-authorization');
  });

  test('is left aside for the hosts of NO_PROXY', async () => {
    const pages = await signInFrom({
      environment: ({ url }) => ({
        ...trusting(),
        ...knowingHost(),
        HTTPS_PROXY: url,
        NO_PROXY: `other.example,${HOST}`,
      }),
    });

    expectWholeSignIn(pages);
    expect(proxy.asked).toEqual([]);
  });

  test('is never used for a provider on this machine', async () => {
    const pages = await signInFrom({
      host: 'localhost',
      environment: ({ url }) => ({ ...trusting(), HTTPS_PROXY: url }),
    });

    expectWholeSignIn(pages);
    expect(proxy.asked).toEqual([]);
  });

  test('that opens what goes through it, with a certificate of its own, gets nothing to read', async () => {
    const { signedIn } = await signInFrom({ environment: ({ url }) => ({ HTTPS_PROXY: url }) });

    expect(signedIn.status).toBe(502);
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(received).toEqual([]);
    expectNothingToRead();
  });

  test.each([401, 403, 407, 502])(
    'that refuses with %i is sent no secret, and is not taken for the provider',
    async (status) => {
      const { signedIn } = await signInFrom({
        refusal: `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nContent-Length: 25\r\nConnection: close\r\n\r\n{"error":"invalid_grant"}`,
        environment: ({ url }) => ({ ...trusting(), HTTPS_PROXY: url }),
      });

      expect(signedIn.status).toBe(502);
      expect(signedIn.text).not.toContain('invalid_grant');
      expect(received).toEqual([]);
      expectNothingToRead();
    },
  );
});

describe('HTTP_PROXY', () => {
  test.each(['localhost', '127.0.0.1'])(
    'is never used for a provider at %s: plain http is for this machine alone',
    async (host) => {
      const pages = await signInFrom({
        scheme: 'http',
        host,
        environment: ({ url }) => ({ HTTP_PROXY: url, HTTPS_PROXY: url }),
      });

      expectWholeSignIn(pages);
      expect(proxy.asked).toEqual([]);
      expect(proxy.read()).toBe('');
    },
  );
});
