// `npm run sandbox`: the sandbox as a process of its own, for any client. It is the compiled one.
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { CCTRAY, oauth } from '../support/gocd.js';
import { endRuns, freePort, printed, run } from '../support/process.js';
import {
  askFor,
  authorizationUrl,
  codeIn,
  postForm,
  type SandboxClient,
  type Tokens,
} from '../support/sandbox.js';
import { Visitor } from '../support/visitor.js';
import { WSAPI } from '../support/wsapi.js';

afterEach(endRuns);

describe('npm run sandbox', () => {
  test('prints settings with which a client gets the stories of somebody at Rally', async () => {
    const { url, client, setting } = await startProcess('RALLY');
    const back = `${setting('app')}/oauth-redirect`;
    const code = await codeAt(url, '/login/oauth2/auth', { ...client, redirectUri: back }, [
      'ada@example.test',
      { decision: 'allow' },
    ]);
    const tokens = await postForm({ url }, '/login/oauth2/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: back,
      client_id: client.id,
      client_secret: client.secret,
    });
    const { access_token: token } = tokens.body as Tokens;
    const stories = supertest(url).get(`${WSAPI}/hierarchicalrequirement`);

    expect((await stories.set('zsessionid', token)).body).toMatchObject({
      QueryResult: { Errors: [], TotalResultCount: 7 },
    });
  });

  test('prints settings with which a client gets the pipelines of somebody at GoCD', async () => {
    const { url, client, setting } = await startProcess('GOCD');
    const back = `${setting('app')}/oauth-redirect/gocd`;
    const code = await codeAt(url, '/go/oauth/authorize', { ...client, redirectUri: back }, [
      'ada',
      { authorize: 'Yes' },
    ]);
    const tokens = await postForm({ url }, '/go/oauth/token', {
      grant_type: 'authorization-code',
      code,
      redirect_uri: back,
      client_id: client.id,
      client_secret: client.secret,
    });
    const { access_token: token } = tokens.body as Tokens;
    const answer = await supertest(url).get(CCTRAY).buffer(true).set('Authorization', oauth(token));

    expect(setting('GOCD_SERVER')).toBe(`${url}/go`);
    expect(answer.text.match(/<Project name="[^":]+ :: build" /g)).toHaveLength(3);
  });

  test('takes its printed settings back at the next start, so that a filled .env stays good', async () => {
    const first = await startProcess('RALLY');
    const gocd = ['GOCD_SERVER', 'GOCD_CLIENT_ID', 'GOCD_CLIENT_SECRET'];
    const rally = ['RALLY_SERVER', 'RALLY_CLIENT_ID', 'RALLY_CLIENT_SECRET'];
    const kept = Object.fromEntries([...rally, ...gocd].map((name) => [name, first.setting(name)]));
    await endRuns();
    const second = await startProcess('RALLY', kept);

    expect([...rally, ...gocd].map((name) => second.setting(name))).toEqual(Object.values(kept));
  });

  test('neither takes nor prints the id and secret of another server', async () => {
    const real = {
      RALLY_CLIENT_ID: 'a-real-id',
      RALLY_CLIENT_SECRET: 'a-real-secret',
      GOCD_SERVER: 'https://go.example/go',
      GOCD_CLIENT_ID: 'a-real-id',
      GOCD_CLIENT_SECRET: 'a-real-secret',
    };
    const { output } = await startProcess('RALLY', real);

    expect(output()).toContain('RALLY_CLIENT_ID=');
    expect(output()).not.toContain('a-real-');
  });

  test.each([
    [
      'a port that is none',
      { SANDBOX_PORT: '65536' },
      'SANDBOX_PORT must be a whole number from 1 to 65535',
    ],
    [
      'a size that is no number',
      { SANDBOX_STORIES: 'many' },
      'SANDBOX_STORIES must be a whole number from 0 to 1000000',
    ],
    ['production', { NODE_ENV: 'production' }, 'does not start with NODE_ENV=production'],
  ])('exits 1 and says in one line why it does not start with %s', async (_what, set, why) => {
    const sandbox = run('dist/sandbox/main.js', { SANDBOX_PORT: String(await freePort()), ...set });

    expect(await sandbox.exit).toBe(1);
    expect(sandbox.output()).toContain(why);
    expect(sandbox.output().trim().split('\n')).toHaveLength(1);
  });
});

/** The process, and what a person would copy from what it printed. */
async function startProcess(
  provider: 'RALLY' | 'GOCD',
  environment: Readonly<Record<string, string>> = {},
) {
  const server = environment['RALLY_SERVER'];
  const port = server === undefined ? await freePort() : Number(new URL(server).port);
  const process = run('dist/sandbox/main.js', {
    PORT: '9', // nobody follows the redirect
    SANDBOX_PORT: String(port),
    SANDBOX_STORIES: '7',
    SANDBOX_PIPELINES: '3',
    ...environment,
  });
  await printed(process, /GOCD_CLIENT_SECRET=\w+\n/);
  const settings = new Map(
    [...process.output().matchAll(/^ +([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
  );
  settings.set('app', /sent back to (\S+):/.exec(process.output())?.[1]);
  const setting = (name: string) => settings.get(name) ?? '';
  const [id, secret] = [setting(`${provider}_CLIENT_ID`), setting(`${provider}_CLIENT_SECRET`)];
  const url = setting('RALLY_SERVER');
  expect(url).toBe(`http://localhost:${port}`);
  return { url, client: { name: 'copied', id, secret }, setting, output: process.output };
}

/** The code that somebody gives a client, at the first or the second provider. */
async function codeAt(
  url: string,
  path: string,
  client: SandboxClient,
  [userName, decision]: [string, Record<string, string>],
): Promise<string> {
  const visitor = new Visitor();
  const consent = await askFor(visitor, authorizationUrl({ url }, path, client), userName);
  return codeIn(await visitor.submit(consent, 'form', decision));
}
