import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

const CCTRAY = '/go/cctray.xml';

let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(closeAll);

describe('GET /gocd', () => {
  test('shows the pipelines with their stages, and who broke them', async () => {
    const page = await signIn(visitor, await start(), 'gocd');

    expect(page.$('.pipelines > li')).toHaveLength(6);
    expect(page.$('.pipelines > li').first().find('.stages > li')).toHaveLength(3);
    expect(page.$('.pipelines > li.bad').first().text()).toContain('broken by ada, sol');
    expect(page.$('.totals').text().replace(/\s+/g, ' ')).toBe(
      '6 pipelines: 1 failed, 2 building, 3 passed.',
    );
  });

  test('tells a person who may view no pipeline what that means', async () => {
    const page = await signIn(visitor, await start(), 'gocd', 'guest');

    expect(page.status).toBe(200);
    expect(page.$('.empty').text()).toContain('you may not view any pipeline');
  });
});

describe('GET /gocd when cctray.xml', () => {
  let stub: StubProvider;
  let started: Started;

  beforeEach(async () => {
    stub = await startStubProvider();
    stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub-2' }));
    started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '2000' });
    await comeBack(visitor, started, 'gocd');
  });
  afterEach(() => stub.close());

  test.each([
    ['is not for OAuth tokens', respond(403, 'text/html', 'no'), 403],
    ['rejects the token', respond(401, 'application/xml', '<access-denied/>'), 401],
    ['is a login page', respond(200, 'text/html', '<html><body>Log in</body></html>'), 502],
    ['redirects to a login page', respond(302, 'text/html', '', { Location: '/go/login' }), 502],
    ['is malformed', respond(200, 'application/xml', '<Projects><Project'), 502],
    ['is other XML', respond(200, 'application/xml', '<rss></rss>'), 502],
    ['is empty', respond(200, 'application/xml', ''), 502],
    [
      'declares entities',
      respond(
        200,
        'application/xml',
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><Projects><Project name="&a;"/></Projects>',
      ),
      502,
    ],
  ])('%s: a page says what to do', async (_what, answer, status) => {
    stub.answers.set(CCTRAY, answer);
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.status).toBe(status);
    expect(page.$('h2').text()).toBe('What to do');
  });

  test('is asked for with the token in GoCD’s own form', async () => {
    stub.answers.set(CCTRAY, respond(200, 'application/xml', '<Projects></Projects>'));
    await visitor.visit(`${started.url}/gocd`);

    expect(stub.received.at(-1)?.headers.authorization).toBe(
      'Token token="the-token-of-the-stub-2"',
    );
  });

  test('fails and repeats the token: the token alone is masked', async () => {
    const words = 'Token token="the-token-of-the-stub-2" is a token too old';
    stub.answers.set(CCTRAY, respond(500, 'text/plain', words));
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.$('blockquote').text()).toContain('Token token="the-…ub-2" is a token too old');
  });

  test('repeats the token in its data: it is masked among them', async () => {
    const token = 'the-token-of-the-stub-2';
    const entry = `<Project name="a ${token} :: s" lastBuildLabel="b ${token}" webUrl="http://go/${token}"><messages><message kind="Breakers" text="c ${token}"/></messages></Project>`;
    stub.answers.set(CCTRAY, respond(200, 'application/xml', `<Projects>${entry}</Projects>`));
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.$('.pipelines').text()).toMatch(/a the-…ub-2[^]*b the-…ub-2[^]*c the-…ub-2/);
    expect(page.text).not.toContain(token);
  });

  test('repeats the token in its data: it is masked among them', async () => {
    const token = 'the-token-of-the-stub-2';
    const entry = `<Project name="a ${token} :: s" lastBuildLabel="b ${token}" webUrl="http://go/${token}"><messages><message kind="Breakers" text="c ${token}"/></messages></Project>`;
    stub.answers.set(CCTRAY, respond(200, 'application/xml', `<Projects>${entry}</Projects>`));
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.$('.pipelines').text()).toMatch(/a the-…ub-2[^]*b the-…ub-2[^]*c the-…ub-2/);
    expect(page.text).not.toContain(token);
  });

  test('holds hostile text: it is shown as text, and only http links are links', async () => {
    const body =
      '<Projects><Project name="&lt;b&gt;p :: &lt;i&gt;s" activity="Sleeping" lastBuildStatus="Failure" lastBuildLabel="&quot;&gt;&lt;script&gt;" lastBuildTime="2018-07-01T10:00:00" webUrl="javascript:alert(1)" /></Projects>';
    stub.answers.set(CCTRAY, respond(200, 'application/xml', body));
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.$('.pipelines h2').text()).toBe('<b>p');
    expect(page.$('main script, main i, main b')).toHaveLength(0);
    expect(page.text).not.toContain('javascript:');
    expect(page.$('.time').text()).toBe('2018-07-01 10:00:00 (the server’s own time zone)');
  });
});
