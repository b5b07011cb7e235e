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
  test('prints settings with which a client gets what somebody may see at Rally and at GoCD', async () => {
    const { url, setting, clientOf } = await startProcess();
    const [rally, gocd] = [clientOf('RALLY'), clientOf('GOCD')];
    const back = `${setting('app')}/oauth-redirect`;
    const atRally = await tokenFor(url, '/login/oauth2/token', 'authorization_code', {
      ...rally,
      redirectUri: back,
      code: await codeAt(url, '/login/oauth2/auth', { ...rally, redirectUri: back }, [
        'ada@example.test',
        { decision: 'allow' },
      ]),
    });
    const backFromGocd = `${back}/gocd`;
    const atGocd = await tokenFor(url, '/go/oauth/token', 'authorization-code', {
      ...gocd,
      redirectUri: backFromGocd,
      code: await codeAt(url, '/go/oauth/authorize', { ...gocd, redirectUri: backFromGocd }, [
        'ada',
        { authorize: 'Yes' },
      ]),
    });
    const stories = supertest(url).get(`${WSAPI}/hierarchicalrequirement`);
    const pipelines = supertest(url).get(CCTRAY).buffer(true);

    expect((await stories.set('zsessionid', atRally)).body).toMatchObject({
      QueryResult: { Errors: [], TotalResultCount: 7 },
    });
    expect(setting('GOCD_SERVER')).toBe(`${url}/go`);
    expect(
      (await pipelines.set('Authorization', oauth(atGocd))).text.match(
        /<Project name="[^":]+ :: build" /g,
      ),
    ).toHaveLength(3);
  });

  test('takes its printed settings back at the next start, so that a filled .env stays good', async () => {
    const first = await startProcess();
    const gocd = ['GOCD_SERVER', 'GOCD_CLIENT_ID', 'GOCD_CLIENT_SECRET'];
    const rally = ['RALLY_SERVER', 'RALLY_CLIENT_ID', 'RALLY_CLIENT_SECRET'];
    const kept = Object.fromEntries([...rally, ...gocd].map((name) => [name, first.setting(name)]));
    await endRuns();
    const second = await startProcess(kept);

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
    const { output } = await startProcess(real);

    expect(output()).toContain('RALLY_CLIENT_ID=');
    expect(output()).not.toContain('a-real-');
  });

  test.each([
    [
      'a port that is none',
      { SANDBOX_PORT: '65536' },
      'SANDBOX_PORT must be a whole number from 1 to 65535',
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
async function startProcess(environment: Readonly<Record<string, string>> = {}) {
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
  const clientOf = (provider: 'RALLY' | 'GOCD') => {
    const [id, secret] = [setting(`${provider}_CLIENT_ID`), setting(`${provider}_CLIENT_SECRET`)];
    return { name: 'copied', id, secret };
  };
  const url = setting('RALLY_SERVER');
  expect(url).toBe(`http://localhost:${port}`);
  return { url, clientOf, setting, output: process.output };
}

/** The access token that a client gets for a code. */
async function tokenFor(
  url: string,
  path: string,
  grant_type: string,
  { id, secret, redirectUri, code }: SandboxClient & { code: string },
): Promise<string> {
  const { body } = await postForm({ url }, path, {
    grant_type,
    code,
    redirect_uri: redirectUri,
    client_id: id,
    client_secret: secret,
  });
  return (body as Tokens).access_token;
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
