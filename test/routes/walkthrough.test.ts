// What the walkthrough shows of a sign-in, of one that fails at each step, and of what comes after it;
// and what it must not show.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { allow, deny, goToConsent, signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';
import {
  commandOf,
  openWalkthrough,
  parametersOf,
  secretsOf,
  stepsOn,
  wireOf,
} from '../support/walkthrough.js';

let started: Started;
let visitor: Visitor;

beforeAll(async () => {
  started = await start();
});
beforeEach(() => {
  visitor = new Visitor();
  const { rally, gocd, failures } = started.sandbox.world;
  for (const grant of [...rally.grants.all]) rally.grants.remove(grant);
  for (const grant of [...gocd.grants.all]) gocd.grants.remove(grant);
  failures.switchOff();
  started.log.splice(0);
});
afterAll(closeAll);

const open = () => openWalkthrough(visitor, started);

/** Lets the sandbox fail by name. */
async function fail(failure: object): Promise<void> {
  await supertest(started.sandbox.url).post('/_sandbox/failures').send(failure).expect(200);
}

/** As an error page tells it. */
const shownIdOf = ({ $ }: Page) => requestIdIn($('main > .hint').last().text());

const requestIdIn = (text: string) => /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.exec(text)?.[0];

/** The requests of which the log has an error. */
const errorsInTheLog = () =>
  started.log
    .map((line) => JSON.parse(line) as { level: string; req?: { id: string } })
    .filter(({ level }) => level === 'error')
    .map(({ req }) => req?.id);

const PROVIDERS = [
  { provider: 'rally', redirectPath: '/oauth-redirect', whoAmI: ['who-am-i'] },
  { provider: 'gocd', redirectPath: '/oauth-redirect/gocd', whoAmI: [] },
] as const;

describe.each(PROVIDERS)('GET /walkthrough at $provider', ({ provider, redirectPath, whoAmI }) => {
  const summary = ({ $ }: Page) => $(`section[aria-labelledby=${provider}] .summary`).text();
  const step = (name: string) => `${provider}-${name}`;
  const failureOf = ({ $ }: Page, name: string) => $(`#${step(name)} .failed`).text();

  test('rehearses the dance before any sign-in, and makes no session for it', async () => {
    const page = await open();

    expect(page.status).toBe(200);
    expect(page.headers['set-cookie']).toBeUndefined();
    expect(summary(page)).toContain('This is what would be sent');
    expect(stepsOn(page, provider)).toEqual([
      ...['authorization-request', 'decision', 'authorization-response'],
      ...['token-request', 'token-response', 'signed-in', 'api-call'],
    ]);
    expect(parametersOf(page, step('authorization-request')).get('state')?.value).toBe('$STATE');
    expect(parametersOf(page, step('token-request')).get('client_secret')?.value).toBe(
      '$CLIENT_SECRET',
    );
    expect(page.$(`#${step('token-response')} .expected`).text()).toContain('access_token');
    expect(page.$('time')).toHaveLength(0);
  });

  test('shows every step of a sign-in: who spoke to whom, when, by which rule and file', async () => {
    await signIn(visitor, started, provider);
    const page = await open();
    const steps = stepsOn(page, provider);

    expect(summary(page)).toContain('Signed in at');
    expect(steps).toEqual([
      ...['authorization-request', 'decision', 'authorization-response'],
      ...['token-request', 'token-response', ...whoAmI, 'signed-in', 'api-call'],
    ]);
    for (const name of steps) {
      const shown = page.$(`#${step(name)}`);
      expect(shown.find('time').attr('datetime')).toMatch(/^\d{4}-.*Z$/);
      expect(shown.find('.actor').length).toBeGreaterThan(1);
      expect(shown.find('.why').text()).not.toBe('');
      expect(shown.find('.see a').first().attr('href')).toContain('rfc6749.html#section-');
      if (name !== 'decision') expect(shown.find('.see .file').length).toBeGreaterThan(0);
    }
    expect(wireOf(page, step('token-request'))).toMatch(/^POST \S+\/token HTTP\/1.1\nHost: local/);
    expect(wireOf(page, step('token-response'))).toMatch(/^HTTP\/1.1 200 OK\n[^]*access_token/);
    expect(wireOf(page, step('signed-in'))).toMatch(
      new RegExp(
        `^HTTP/1.1 303 See Other\nLocation: /${provider}\nSet-Cookie: sid=…; Path=/; Http`,
      ),
    );
    expect(wireOf(page, step('api-call'))).toMatch(/^GET [^]*HTTP\/1.1 200 OK/);
  });

  test('shows each parameter with its value, masked where it is secret, and its reason', async () => {
    const { location } = await visitor.visit(`${started.url}/login/${provider}`);
    const sent = location.searchParams;
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    await visitor.browse(back);
    const page = await open();
    const request = parametersOf(page, step('authorization-request'));

    expect([...request.keys()]).toEqual([...sent.keys()]);
    for (const name of ['response_type', 'client_id', 'redirect_uri', 'code_challenge_method']) {
      expect(request.get(name)?.value).toBe(sent.get(name));
    }
    const state = back.searchParams.get('state') ?? '';
    expect(request.get('state')?.value).toBe(`${state.slice(0, 4)}…${state.slice(-4)}`);
    const response = parametersOf(page, step('authorization-response'));
    expect(response.get('state')?.value).toBe(request.get('state')?.value);
    expect(response.has('code')).toBe(true);
    const reasons = page.$('.fields > div:not(:has(.reason))');
    expect(reasons.text()).toBe('');
  });

  test('shows no secret of either side, whole or in a form', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    await visitor.browse(back);
    const { searchParams } = back;
    const secrets = [
      ...secretsOf(started),
      searchParams.get('code') ?? 'none',
      searchParams.get('state') ?? 'none',
    ];
    const { text } = await open();

    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(started.log.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual(
      [],
    );
  });

  test('gives commands that do the same in a shell', async () => {
    await signIn(visitor, started, provider);
    const command = commandOf(await open(), step('api-call'));
    const { rally, gocd } = started.sandbox.world;
    const token = {
      rally: rally.grants.lines.at(-1)?.tokens?.accessToken,
      gocd: gocd.grants.all.at(-1)?.accessToken,
    }[provider];
    const run = (ACCESS_TOKEN = '') => runInShell(command, { ACCESS_TOKEN });

    expect(await run(token)).toContain(provider === 'rally' ? 'Barn door sensor' : 'barn-door');
    expect(await run('another')).not.toMatch(/Barn door|barn-door/);
  });

  test('shows a denial: what came back, what was expected, and what did not happen', async () => {
    const back = await deny(visitor, await goToConsent(visitor, started, provider));
    const error = await visitor.visit(back);
    const page = await open();

    const anchor = error.$('a[href^="/walkthrough#"]').attr('href')?.split('#')[1] ?? '';
    expect(page.$(`#${anchor}`)).toHaveLength(1);
    // GoCD's denial carries no state: it belongs to no sign-in.
    const name = provider === 'rally' ? 'authorization-response' : 'refused';
    expect(anchor).toBe(step(name));
    expect(failureOf(page, name)).toContain('Expected was a state');
    expect(parametersOf(page, anchor).get('error')?.value).toMatch(/^access.denied$/);
  });

  test('keeps a good sign-in when a redirect with another state is refused, and shows both', async () => {
    await signIn(visitor, started, provider);
    const error = await visitor.visit(
      `${started.url}${redirectPath}?code=theirs-and-not-ours&state=made-up-by-somebody-else`,
    );
    const page = await open();

    expect(error.$('a[href^="/walkthrough#"]').attr('href')).toBe(
      `/walkthrough#${step('refused')}`,
    );
    expect(summary(page)).toContain('Signed in at');
    expect(stepsOn(page, provider)).toContain('token-response');
    expect(failureOf(page, 'refused')).toContain('This sign-in was not begun here');
    expect(page.text).not.toContain('theirs-and-not-ours');
    expect(page.text).not.toContain('made-up-by-somebody-else');
  });

  test.each([
    ['token-503', 503, 'HTTP/1.1 503'],
    ['token-invalid-client', 500, 'invalid'],
    ['token-truncated', 502, 'HTTP/1.1 200'],
  ])('shows a sign-in that ended with %s up to that answer', async (name, status, wire) => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    await fail({ name, provider, times: 1 });
    const error = await visitor.visit(back);
    const page = await open();

    expect(error.status).toBe(status);
    expect(error.$('a[href^="/walkthrough#"]').attr('href')).toBe(
      `/walkthrough#${step('token-response')}`,
    );
    expect(stepsOn(page, provider).at(-1)).toBe('token-response');
    expect(wireOf(page, step('token-response'))).toContain(wire);
    expect(failureOf(page, 'token-response')).toContain('Expected was status 200 and a JSON');
    expect(page.$(`section[aria-labelledby=${provider}] .not-reached`).text()).toContain(
      'API call',
    );
    const code = back.searchParams.get('code') ?? 'none';
    expect([...secretsOf(started), code].filter((secret) => page.text.includes(secret))).toEqual(
      [],
    );
  });

  test('leads from its top to each step, and says at which one it failed', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    await fail({ name: 'token-503', provider, times: 1 });
    await visitor.visit(back);
    const page = await open();
    const links = page.$(`section[aria-labelledby=${provider}] .jumps a`).toArray();
    const leadTo = links.map((link) => page.$(link.attribs['href'] ?? ''));

    expect(leadTo.map((target) => target.length)).toEqual(links.map(() => 1));
    expect(links.map((link) => page.$(link).text())).toContain('5 Token answer, failed');
    expect(links).toHaveLength(8);
  });

  test('shows a refresh, and home counts it', async () => {
    await signIn(visitor, started, provider);
    await fail({ name: 'expire-access-tokens', provider });
    await visitor.visit(`${started.url}/${provider}`);
    const page = await open();
    const { text } = await visitor.visit(started.url);

    expect(wireOf(page, step('refresh'))).toMatch(/grant_type=refresh.token&refresh_token=\S{4}…/);
    expect(wireOf(page, step('refresh'))).toContain('HTTP/1.1 200 OK');
    expect(commandOf(page, step('refresh'))).toContain('"refresh_token=$REFRESH_TOKEN"');
    expect(text).toMatch(/Renewed<\/dt>\s*<dd>once/);
    expect(secretsOf(started).filter((secret) => page.text.includes(secret))).toEqual([]);
  });

  test('shows what happened when a page could not be shown', async () => {
    await signIn(visitor, started, provider);
    await fail({ name: provider === 'rally' ? 'wsapi-503' : 'cctray-503', times: 1 });
    const error = await visitor.visit(`${started.url}/${provider}`);
    const page = await open();

    expect(error.status).toBe(503);
    expect(error.$('a[href^="/walkthrough#"]').attr('href')).toBe(
      `/walkthrough#${step('failed-page')}`,
    );
    expect(wireOf(page, step('failed-page'))).toContain('HTTP/1.1 503 Service Unavailable');
    expect(failureOf(page, 'failed-page')).toContain('is busy');
    expect(summary(page)).toContain('Signed in at');
  });

  test('leads from a failed page to what failed, and from there to the log', async () => {
    await signIn(visitor, started, provider);
    await fail({ name: provider === 'rally' ? 'wsapi-503' : 'cctray-503', times: 1 });
    const error = await visitor.visit(`${started.url}/${provider}`);
    const page = await open();
    const { $ } = page;
    const link = $(`section[aria-labelledby=${provider}] .failures-since a`);

    expect(link.text()).toBe(error.$('h1').text());
    expect(link.attr('href')).toBe(`#${step('failed-page')}`);
    expect(requestIdIn(failureOf(page, 'failed-page'))).toBe(shownIdOf(error));
    expect(errorsInTheLog()).toEqual([shownIdOf(error)]);
  });

  test('tells of a failed sign-in, and of a refused redirect, which request it was', async () => {
    const back = await allow(visitor, await goToConsent(visitor, started, provider));
    await fail({ name: 'token-503', provider, times: 1 });
    const failed = await visitor.visit(back);
    const refused = await visitor.visit(`${started.url}${redirectPath}?code=c&state=theirs`);
    const page = await open();

    expect(requestIdIn(failureOf(page, 'token-response'))).toBe(shownIdOf(failed));
    expect(requestIdIn(failureOf(page, 'refused'))).toBe(shownIdOf(refused));
    expect(errorsInTheLog()).toEqual([shownIdOf(failed)]);
  });

  test('moves along when the other provider’s sign-in renews the session', async () => {
    await signIn(visitor, started, provider);
    await signIn(visitor, started, provider === 'rally' ? 'gocd' : 'rally');
    const page = await open();

    expect(page.$('.summary.good')).toHaveLength(2);
  });

  test('is nobody else’s, and gone with the connection', async () => {
    await signIn(visitor, started, provider);
    const other = await openWalkthrough(new Visitor(), started);
    expect(summary(other)).toContain('This is what would be sent');

    await visitor.submit(await visitor.visit(started.url), `form[action="/logout/${provider}"]`);
    expect(summary(await open())).toContain('This is what would be sent');

    await signIn(visitor, started, provider);
    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');
    expect(summary(await open())).toContain('This is what would be sent');
  });

  test('returns to itself after a sign-in that was begun on it', async () => {
    const href = (await open()).$(`a.button[href^="/login/${provider}"]`).attr('href') ?? '';
    const consent = await goToConsent(visitor, started, provider);
    const again = await visitor.visit(new URL(href, started.url));
    const back = await allow(visitor, await visitor.visit(again.location));

    expect(consent.status).toBe(200);
    expect((await visitor.visit(back)).location.pathname).toBe('/walkthrough');
  });
});

async function runInShell(command: string, variables: Record<string, string>): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', ...variables };
  return (await promisify(execFile)('bash', ['-c', command], { env })).stdout;
}
