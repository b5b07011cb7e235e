// The app as somebody connects it to an OAuth server of their own: by its variables alone. The server is
// oauth2-server, as it comes from npm. Nobody of ours wrote it, so the app cannot agree with itself here.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startAppProcess, type AppProcess } from './support/app-process.js';
import { startAnotherServer, type AnotherServer } from './support/oauth2-server.js';
import { freePort } from './support/process.js';
import { Visitor } from './support/visitor.js';

let server: AnotherServer;
let app: AppProcess;
let visitor: Visitor;

beforeEach(() => {
  visitor = new Visitor();
});

afterEach(async () => {
  await app.kill();
  await server.close();
});

describe('a server that is not Rally, at RALLY_SERVER', () => {
  test('lets a person in, by code, secret and PKCE, to their stories', async () => {
    await connect();
    const page = await visitor.browse(`${app.url}/login/rally`);

    expect(page.url.href).toBe(`${app.url}/rally`);
    expect(page.$('h1').text()).toBe('Stories of Grace Hill');
    expect(page.$('tbody').text()).toContain('A server of another make');
    expect(server.granted).toEqual(['authorization_code']);
  });

  test('gives a new token when it takes the old one no more', async () => {
    await connect();
    await visitor.browse(`${app.url}/login/rally`);
    server.endAccessTokens();
    const page = await visitor.visit(`${app.url}/rally`);

    expect(page.$('tbody').text()).toContain('A server of another make');
    expect(server.granted).toEqual(['authorization_code', 'refresh_token']);
  });

  test('refuses another secret: the page names the setting, and quotes the server', async () => {
    await connect({ RALLY_CLIENT_SECRET: 'not-the-secret-of-a-client' });
    const page = await visitor.browse(`${app.url}/login/rally`);

    expect(page.status).toBe(500);
    expect(page.$('main').text()).toContain('RALLY_CLIENT_SECRET');
    expect(page.$('blockquote').text()).toContain('invalid_client');
    expect(page.text).not.toContain('secret-of-a-client');
  });

  test('calls itself by another address: the page says by which, and what must be the same', async () => {
    await connect();
    const { location } = await visitor.visit(`${app.url}/login/rally`);
    const back = (await visitor.visit(location)).location;
    back.searchParams.set('iss', 'https://another-name.example');
    const page = await visitor.visit(back);

    expect(page.status).toBe(403);
    expect(page.$('blockquote').text()).toContain('https://another-name.example');
    expect(page.$('main').text()).toContain('RALLY_SERVER must be the name that the server gives');
    expect(server.granted).toEqual([]);
  });

  test('has another redirect URI registered, and stops there: home says which it must be', async () => {
    await connect({}, '/oauth-redirect/');
    const stopped = await visitor.browse(`${app.url}/login/rally`);
    const home = await visitor.visit(app.url);

    expect([stopped.url.origin, stopped.status]).toEqual([server.url, 400]);
    expect(home.$('#card-rally').parent().text()).toContain(`${app.url}/oauth-redirect `);
    expect(home.$('#card-rally').parent().text()).toContain('RALLY_SERVER');
  });
});

/** @param registered the path of the redirect URI that the server knows */
async function connect(
  environment: Record<string, string> = {},
  registered = '/oauth-redirect',
): Promise<void> {
  const port = await freePort();
  server = await startAnotherServer(`http://localhost:${port}${registered}`);
  app = await startAppProcess(port, {
    RALLY_SERVER: server.url,
    RALLY_CLIENT_ID: server.client.id,
    RALLY_CLIENT_SECRET: server.client.secret,
    ...environment,
  });
}
