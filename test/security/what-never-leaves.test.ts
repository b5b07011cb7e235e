// SECURITY.md, F6: everything that the process printed and served in a whole run, searched for every
// secret that came up in it.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FAILURES } from '../../src/sandbox/failures.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { settingsFor, startAppProcess, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/process.js';
import {
  GOCD,
  letAllBeWell,
  PROVIDERS,
  RALLY,
  stories,
  WHO_AM_I,
} from '../support/both-providers.js';
import { allow, deny, goToConsent } from '../support/dance.js';
import { formsOf, listenForSecrets, secretsIn } from '../support/everything.js';
import { SMALL } from '../support/sandbox.js';
import { closeAll, stop } from '../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor, type Page } from '../support/visitor.js';

jest.setTimeout(300_000); // every failure of the sandbox, one after the other

const PATHS = [
  ...['/', '/rally', '/rally/counts', '/rally/choices', '/gocd', '/walkthrough', '/logout'],
  ...['/rally/api-key', '/gocd/access-token'],
];

/** What this app makes itself: they are in its cookie and its forms, and nowhere else. */
interface Own {
  readonly ids: Set<string>;
  readonly csrfTokens: Set<string>;
  readonly states: Set<string>;
}

/** A browser whose every page is kept, without the places where a secret of our own belongs. */
class Crawler {
  readonly own: Own = { ids: new Set(), csrfTokens: new Set(), states: new Set() };
  readonly served: string[] = [];
  readonly visitor = new Visitor();

  constructor(private readonly url: string) {}

  keep(page: Page): Page {
    const { 'set-cookie': cookies = [], location, ...headers } = page.headers;
    for (const cookie of [cookies].flat()) {
      const id = /^sid=([^;]+)/.exec(cookie)?.[1] ?? '';
      if (id === '') continue;
      this.own.ids
        .add(decodeURIComponent(id))
        .add(decodeURIComponent(id).slice(2).split('.')[0] ?? '');
      this.served.push(cookie.replace(id, ''));
    }
    let { text } = page;
    for (const input of page.$('input[type=hidden][name=csrf_token]').toArray()) {
      const token = input.attribs['value'] ?? '';
      this.own.csrfTokens.add(token);
      text = text.replaceAll(`name="csrf_token" value="${token}"`, '');
    }
    let redirect = String(location);
    if (URL.canParse(redirect)) {
      const state = new URL(redirect).searchParams.get('state') ?? '';
      this.own.states.add(state);
      // To the provider: in the header, and in the words that Express writes below it.
      if (state !== '')
        [redirect, text] = [redirect, text].map((each) => each.replaceAll(state, '')) as [
          string,
          string,
        ];
    }
    this.served.push(text, redirect, JSON.stringify(headers));
    return page;
  }

  async visit(path: string, accept = 'text/html'): Promise<Page> {
    return this.keep(await this.visitor.visit(new URL(path, this.url), { Accept: accept }));
  }

  async lookAtEverything(): Promise<void> {
    for (const path of PATHS) await this.visit(path);
  }
}

describe('in a whole run with every failure of both providers', () => {
  let sandbox: Sandbox;
  let app: AppProcess;
  let sent: ReadonlySet<string>;

  beforeEach(async () => {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    sandbox = await startSandbox(
      { ...SMALL, stories: 60, pipelines: 2 },
      { rally: `${url}/oauth-redirect`, gocd: `${url}/oauth-redirect/gocd` },
    );
    sent = listenForSecrets(sandbox.server);
    app = await startAppProcess(port, {
      ...settingsFor(sandbox),
      LOG_LEVEL: 'trace',
      UPSTREAM_TIMEOUT_MS: '700',
      RATE_LIMIT_PER_MINUTE: '0',
    });
  });
  afterEach(async () => {
    await app.kill();
    await stop(sandbox.server);
  });

  test('F6 no token, key, code, verifier, session id or client secret is printed or served, in any form (ASVS 14.2.1, 16.2.5)', async () => {
    const crawler = new Crawler(app.url);
    for (const provider of ['rally', 'gocd'] as const) {
      await signIn(crawler, provider);
      await crawler.lookAtEverything();
    }
    for (const [endpoint, failures] of Object.entries(FAILURES)) {
      for (const [name, { provider: only }] of failures) {
        for (const provider of providersOf(endpoint, only)) {
          await signIn(crawler, provider);
          switchOn(name);
          if (endpoint === 'wsapi' || endpoint === 'cctray') await crawler.visit(`/${provider}`);
          else await signIn(crawler, provider);
          if (name === 'token-refresh-refused') {
            sandbox.world[provider].grants.expireAccessTokens();
            await crawler.visit(`/${provider}`);
          }
          await crawler.visit(`/${provider}`, 'application/json');
          await crawler.visit('/logout');
          sandbox.world.failures.switchOff();
        }
      }
    }
    await refuse(crawler, 'rally');
    await useKeys(crawler);
    await crawler.lookAtEverything();
    const { own, served } = crawler;
    crawler.keep(await crawler.visitor.submit(await crawler.visit('/logout'), 'form'));

    const { rally, gocd } = sandbox.world;
    const secrets = new Set(
      [
        ...sent,
        ...[...rally.clients, ...gocd.clients].map(({ secret }) => secret),
        ...rally.apiKeys.all.map(({ secretKey }) => secretKey),
        ...gocd.accessTokens.all.map(({ value }) => value),
        ...own.ids,
        ...own.csrfTokens,
        ...own.states,
      ].filter((secret) => secret !== ''),
    );
    const everything = [...served, app.output()].join('\n');

    // The run was a run: there were signs of life on both sides, and things to find.
    expect(secrets.size).toBeGreaterThan(200);
    expect([own.ids.size > 50, own.csrfTokens.size > 10, own.states.size > 50]).toEqual([
      true,
      true,
      true,
    ]);
    expect(everything).toContain('Stories of Ada Finch');
    expect(everything).toContain('No usable answer from GoCD');
    expect(everything.match(/"msg":"request answered"/g)?.length).toBeGreaterThan(200);
    expect(secretsIn(everything, secrets)).toEqual([]);
  });

  /** As far as it goes: with a failure it ends on an error page. */
  async function signIn(crawler: Crawler, provider: 'rally' | 'gocd'): Promise<void> {
    const { visitor } = crawler;
    crawler.keep(await visitor.visit(`${app.url}/login/${provider}`));
    const consent = await goToConsent(visitor, app, provider);
    if (consent.url.origin === app.url) {
      crawler.keep(consent);
      return;
    }
    const back = await allow(visitor, consent);
    crawler.keep(await visitor.visit(back));
    crawler.keep(await visitor.visit(back)); // once more: it is spent
  }

  async function refuse(crawler: Crawler, provider: 'rally' | 'gocd'): Promise<void> {
    const { grants } = sandbox.world[provider];
    for (const grant of [...grants.all]) grants.remove(grant as never);
    await crawler.visit(`/${provider}`);
    const consent = await goToConsent(crawler.visitor, app, provider);
    crawler.keep(await crawler.visitor.visit(await deny(crawler.visitor, consent)));
  }

  async function useKeys(crawler: Crawler): Promise<void> {
    const { rally, gocd } = sandbox.world;
    const [ofRally] = rally.people;
    const [ofGocd] = gocd.people;
    if (!ofRally || !ofGocd) throw new Error('nobody is there');
    const keys = [rally.apiKeys.create(ofRally, 'a key', false).secretKey, '_unknown-1234567890'];
    const tokens = [
      gocd.accessTokens.create(ofGocd, 'a token').value,
      '0123456789abcdef'.repeat(3),
    ];
    for (const credential of [...keys, ...tokens]) {
      for (const path of ['/rally/api-key', '/gocd/access-token']) {
        const form = await crawler.visit(path);
        const fields = { credential };
        crawler.keep(await crawler.visitor.submit(form, `form[action="${path}"]`, fields));
      }
    }
  }

  function switchOn(name: string): void {
    const all = { times: undefined, client: undefined, provider: undefined };
    sandbox.world.failures.switchOn({ ...all, name, seconds: 0.05 });
  }
});

function providersOf(endpoint: string, only?: 'rally' | 'gocd'): readonly ('rally' | 'gocd')[] {
  if (endpoint === 'wsapi') return ['rally'];
  if (endpoint === 'cctray') return ['gocd'];
  return only ? [only] : ['rally', 'gocd'];
}

describe('a provider that repeats all that it was sent', () => {
  let stub: StubProvider;
  let heard: Set<string>;

  beforeEach(async () => {
    stub = await startStubProvider();
    heard = new Set();
  });
  afterEach(async () => {
    await closeAll();
    await stub.close();
  });

  /** Every secret that came for the browser's request under way, in every form. */
  const echo = () => {
    const secrets = stub.received.flatMap(({ headers, body }) => {
      const form = new URLSearchParams(body);
      const fields = ['client_secret', 'code', 'code_verifier', 'refresh_token'];
      const inForm = fields.map((name) => form.get(name) ?? '');
      const { authorization = '' } = headers;
      const inHeader = /(?:Bearer |Token token=")([^"]+)/.exec(authorization)?.[1] ?? '';
      return [...inForm, inHeader, String(headers['zsessionid'] ?? '')];
    });
    const known = secrets.filter((secret) => secret !== '');
    for (const secret of known) heard.add(secret);
    return known.flatMap(formsOf).join(' and ');
  };
  const first = () => [...heard][0] ?? 'plain';
  const escaped = (text: string) =>
    text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

  test.each(PROVIDERS)(
    'F6 is quoted without them: at the token endpoint of $name',
    async ({ provider, tokenPath }) => {
      const started = await startWithStub(stub, { LOG_LEVEL: 'trace' });
      const crawler = new Crawler(started.url);
      const answers = [
        () => json({ error: 'invalid_grant', error_description: echo() }, 400),
        () => json({ error: echo() }, 400),
        () => json({ access_token: echo() }),
        () => respond(500, 'text/html', `<p>${echo()}</p>`),
        () => respond(200, 'text/html', echo()),
        () => respond(503, `text/${first()}`, echo(), { 'Retry-After': first() }),
        () => respond(302, 'text/html', echo(), { Location: `/?${first()}` }),
      ];
      for (const answer of answers) {
        stub.answers.set(tokenPath, (request, response) => {
          answer()(request, response);
        });
        stub.received.length = 0;
        crawler.keep(await comeBack(crawler.visitor, started, provider));
      }

      expect(heard.size).toBeGreaterThan(7);
      expect(secretsIn([...crawler.served, ...started.log].join('\n'), heard)).toEqual([]);
    },
  );

  test('F6 is quoted without them: in the data and the errors of both APIs', async () => {
    letAllBeWell(stub);
    const tokens = { access_token: 'Ovp8_a/b+c=d~e.f&g', refresh_token: '8b829ee0a4cb45f6884f58' };
    for (const { tokenPath } of PROVIDERS) stub.answers.set(tokenPath, json(tokens));
    const started = await startWithStub(stub, { LOG_LEVEL: 'trace' });
    const crawler = new Crawler(started.url);
    stub.answers.set(WHO_AM_I, (request, response) => {
      json({ User: { Errors: [], ObjectID: 7, DisplayName: echo().slice(0, 190) } })(
        request,
        response,
      );
    });
    for (const provider of ['rally', 'gocd'] as const) {
      crawler.keep(await comeBack(crawler.visitor, started, provider));
    }
    const token = () => formsOf(tokens.access_token).join(' and ');
    const data = [
      () =>
        stories({
          Warnings: [token()],
          TotalResultCount: 1,
          Results: [{ Name: token(), FormattedID: token(), Project: { _refObjectName: token() } }],
        }),
      () => stories({ Errors: [token(), { Message: token() }] }),
      () => json({ OperationResult: { Errors: [token()] } }),
      () =>
        respond(
          200,
          'application/xml',
          `<Projects><Project name="${escaped(token())} :: ${escaped(token())}" lastBuildLabel="${escaped(token())}" lastBuildStatus="${escaped(token())}" webUrl="https://x/${escaped(token())}"><messages><message kind="Breakers" text="${escaped(token())}"/></messages></Project></Projects>`,
        ),
      () => respond(404, `text/${token().slice(0, 20)}`, `<h1>${token()}</h1>`),
      () => respond(429, 'text/html', token(), { 'Retry-After': `${tokens.refresh_token} 1` }),
      () => respond(403, 'text/html', token()),
    ];
    for (const answer of data) {
      for (const { provider, dataPath } of [RALLY, GOCD]) {
        stub.answers.set(dataPath, (request, response) => {
          answer()(request, response);
        });
        await crawler.visit(`/${provider}`);
        await crawler.visit(`/${provider}`, 'application/json');
        await crawler.visit('/');
        await crawler.visit('/walkthrough');
      }
    }
    const everything = [...crawler.served, ...started.log].join('\n');

    expect(everything).toContain('Rally answered with a warning');
    expect(everything).toContain('broken by');
    expect(secretsIn(everything, [tokens.access_token, tokens.refresh_token])).toEqual([]);
  });
});
