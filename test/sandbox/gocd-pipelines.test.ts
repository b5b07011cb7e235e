// Where people land who log in to GoCD, and the pages that cctray.xml links to.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { accessTokenOf, cctray, entriesIn, oauth, open } from '../support/gocd.js';
import { closeSandboxes, startSandboxAlone } from '../support/sandbox.js';
import { Visitor, type Page } from '../support/visitor.js';

const PIPELINES = '/go/pipelines';
const MINUTE = 60_000;

let sandbox: Sandbox;
let visitor: Visitor;

beforeEach(async () => {
  sandbox = await startSandboxAlone({ pipelines: 12 });
  visitor = new Visitor();
});
afterEach(closeSandboxes);

const namesOn = ({ $ }: Page) =>
  $('h2')
    .toArray()
    .map((heading) => $(heading).text());

const stagesOf = ({ $ }: Page, pipeline: string) =>
  $('section')
    .filter((_, section) => $(section).find('h2').text() === pipeline)
    .find('li')
    .toArray()
    .map((stage) => $(stage).text().trim());

describe(`GET ${PIPELINES}`, () => {
  test('is where somebody lands who logs in', async () => {
    const login = await visitor.visit(`${sandbox.gocdUrl}/auth/login`);
    const form = { username: 'ada', password: 'sandbox' };
    const page = await visitor.visit((await visitor.submit(login, 'form', form)).location);

    expect(page.url.pathname).toBe(PIPELINES);
    expect(page.status).toBe(200);
    expect(page.$('nav').text()).toContain('Logged in as ada');
  });

  test('is where GoCD’s own address leads', async () => {
    for (const path of ['/go', '/go/']) {
      expect((await visitor.visit(sandbox.url + path)).location.pathname).toBe(PIPELINES);
    }
  });

  test('shows the stages as they stand, and as time goes by', async () => {
    const page = await open(visitor, sandbox, PIPELINES);
    sandbox.world.clock.putForward(4 * MINUTE);
    const later = await open(visitor, sandbox, PIPELINES);

    expect(stagesOf(page, 'milk-chart')).toEqual([
      'build Passed label 14',
      'test Failed label 14',
      'deploy Passed label 13',
    ]);
    expect(stagesOf(page, 'egg-count-2')).toEqual(['build Building label 1']);
    expect(stagesOf(page, 'feed-plan')[2]).toBe('deploy Building label 13');
    expect(stagesOf(later, 'feed-plan')[2]).toBe('deploy Passed label 13');
  });

  test.each([
    ['kit', ['barn-door', 'barn-door-2']],
    ['guest', []],
  ])('shows %s what they may view', async (username, expected) => {
    const page = await open(visitor, sandbox, PIPELINES, username);

    expect(page.status).toBe(200);
    expect(namesOn(page)).toEqual(expected);
  });

  test('finds pipelines by a part of their names, and shows what was searched for as text', async () => {
    await open(visitor, sandbox, PIPELINES);
    const found = await visitor.visit(`${sandbox.url}${PIPELINES}?search=-2`);
    const hostile = '"><script>alert(1)</script>';
    const none = await visitor.visit(
      `${sandbox.url}${PIPELINES}?search=${encodeURIComponent(hostile)}`,
    );

    expect(namesOn(found)).toHaveLength(6);
    expect(none.$('script')).toHaveLength(0);
    expect(none.$('#search').val()).toBe(hostile);
  });

  test('shows a hundred of thousands, and says how many more there are', async () => {
    sandbox = await startSandboxAlone({ pipelines: 3000 });
    const page = await open(visitor, sandbox, PIPELINES);

    expect(namesOn(page)).toHaveLength(100);
    expect(page.text).toContain('And 2900 more.');
  });

  test.each([
    ['ada', false],
    ['admin', true],
  ])('offers %s the pages that are theirs', async (username, hasAdmin) => {
    const { $ } = await open(visitor, sandbox, PIPELINES, username);
    const addresses = $('main nav a').toArray();

    expect(addresses.map((link) => $(link).attr('href'))).toEqual([
      PIPELINES,
      '/go/oauth/user_tokens',
      '/go/access_tokens',
      ...(hasAdmin ? ['/go/admin'] : []),
    ]);
  });

  test('logs a person out, and not for another site', async () => {
    const page = await open(visitor, sandbox, PIPELINES);
    const forged = await visitor.post(`${sandbox.gocdUrl}/auth/logout`);
    expect(forged.status).toBe(422);
    expect((await visitor.visit(sandbox.url + PIPELINES)).status).toBe(200);

    await visitor.submit(page, '#log-out');
    const after = await visitor.visit(sandbox.url + PIPELINES);
    expect(after.location.pathname).toBe('/go/auth/login');
  });
});

describe('the pages that cctray.xml links to', () => {
  test('open for whoever is logged in, each with the name of its entry', async () => {
    const answer = await cctray(sandbox, oauth(await accessTokenOf(sandbox)));
    await open(visitor, sandbox, PIPELINES);
    for (const { name, webUrl } of entriesIn(answer.text).values()) {
      const page = await visitor.visit(String(webUrl));

      expect(page.status).toBe(200);
      expect(page.$('h1').text().replaceAll('›', '::')).toBe(name);
    }
  });

  test('say who broke a stage', async () => {
    const page = await open(visitor, sandbox, `${PIPELINES}/milk-chart/14/test/1`);

    expect(page.$('dl').text().replaceAll(/\s+/g, ' ')).toMatch(/State Failed .* ada, sol/);
    expect(page.$('ul').last().text()).toMatch(/unit: Failed\s+browser: Passed/);
  });

  test.each([
    '/go/pipelines/unknown/14/test/1',
    '/go/pipelines/milk-chart/15/test/1', // not yet
    '/go/pipelines/milk-chart/14/deploy/1', // it did not run
    '/go/pipelines/milk-chart/14/test/2',
    '/go/pipelines/milk-chart/0/test/1',
    '/go/pipelines/milk-chart/-1/test/1',
    '/go/pipelines/milk-chart/13.5/test/1',
    '/go/pipelines/milk-chart/x/test/1',
    '/go/pipelines/milk-chart/14/unknown/1',
    '/go/tab/build/detail/milk-chart/14/test/1/unknown',
  ])('are not there for a run that is not: %s', async (path) => {
    await open(visitor, sandbox, PIPELINES);

    expect((await visitor.visit(sandbox.url + path)).status).toBe(404);
  });

  test('are not there for somebody who may not view the pipeline', async () => {
    const path = `${PIPELINES}/milk-chart/14/test/1`;

    expect((await open(visitor, sandbox, path, 'kit')).status).toBe(404);
  });

  test('send a stranger to log in, whether or not there is such a run', async () => {
    for (const run of ['milk-chart/14/test/1', 'unknown/14/test/1']) {
      const page = await visitor.visit(`${sandbox.url}${PIPELINES}/${run}`);
      expect(page.location.pathname).toBe('/go/auth/login');
    }
  });
});
