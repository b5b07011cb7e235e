import { expect } from '@jest/globals';
import { FAILURES } from '../../src/sandbox/failures.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { settingsFor, startAppProcess, type AppProcess } from './app-process.js';
import { allow, deny, goToConsent } from './dance.js';
import { listenForSecrets, secretsIn } from './everything.js';
import { freePort } from './process.js';
import { SMALL } from './sandbox.js';
import { stop } from './start.js';
import { Visitor, type Page } from './visitor.js';

// A run of the app as a process: people sign in at both providers, which fail in the given ways, and all
// that the process printed and served is kept.

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
export class Crawler {
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

/** The app, the sandbox that it uses, and every secret that went between them. */
export interface WholeRun {
  readonly sandbox: Sandbox;
  readonly app: AppProcess;
  readonly sent: ReadonlySet<string>;
  readonly end: () => Promise<void>;
}

export async function startWholeRun(): Promise<WholeRun> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const sandbox = await startSandbox(
    { ...SMALL, stories: 60, pipelines: 2 },
    { rally: `${url}/oauth-redirect`, gocd: `${url}/oauth-redirect/gocd` },
  );
  const sent = listenForSecrets(sandbox.server);
  const app = await startAppProcess(port, {
    ...settingsFor(sandbox),
    LOG_LEVEL: 'trace',
    UPSTREAM_TIMEOUT_MS: '400',
    RATE_LIMIT_PER_MINUTE: '0',
  });
  const end = async () => {
    await app.kill();
    await stop(sandbox.server);
  };
  return { sandbox, app, sent, end };
}

/**
 * Meets failures of the sandbox, one after the other, is refused, uses keys, and logs out. Fails where a
 * secret was printed or served.
 *
 * @param isMet which failures by name
 */
export async function expectNothingToLeave(
  { sandbox, app, sent }: WholeRun,
  isMet: (failure: string) => boolean,
): Promise<void> {
  const crawler = new Crawler(app.url);
  for (const provider of ['rally', 'gocd'] as const) {
    await signIn(crawler, provider);
    await crawler.lookAtEverything();
  }
  let met = 0;
  for (const [endpoint, failures] of Object.entries(FAILURES)) {
    for (const [name, { provider: only }] of failures) {
      if (!isMet(name)) continue;
      for (const provider of providersOf(endpoint, only)) {
        met += 1;
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
  expect(met).toBeGreaterThan(10);
  expect(secrets.size).toBeGreaterThan(met * 2);
  expect(own.ids.size).toBeGreaterThan(met / 2);
  expect(own.csrfTokens.size).toBeGreaterThan(10);
  expect(own.states.size).toBeGreaterThan(met / 2);
  expect(everything).toContain('Stories of Ada Finch');
  expect(everything).toContain('No usable answer from GoCD');
  expect(everything.match(/"msg":"request answered"/g)?.length).toBeGreaterThan(met * 2);
  expect(secretsIn(everything, secrets)).toEqual([]);

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
}

function providersOf(endpoint: string, only?: 'rally' | 'gocd'): readonly ('rally' | 'gocd')[] {
  if (endpoint === 'wsapi') return ['rally'];
  if (endpoint === 'cctray') return ['gocd'];
  return only ? [only] : ['rally', 'gocd'];
}
