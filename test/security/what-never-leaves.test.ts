// SECURITY.md, F6: everything that the process printed and served in a whole run, searched for every
// secret that came up in it.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  GOCD,
  letAllBeWell,
  PROVIDERS,
  RALLY,
  stories,
  WHO_AM_I,
} from '../support/both-providers.js';
import { repetitionsOf, secretsIn } from '../support/everything.js';
import { closeAll } from '../support/start.js';
import {
  comeBack,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import {
  Crawler,
  expectNothingToLeave,
  startWholeRun,
  type WholeRun,
} from '../support/whole-run.js';

jest.setTimeout(60_000);

/** One of each kind of page and log line; test/slow/what-never-leaves.test.ts meets all. */
const KINDS = [
  ...['authorize-denied', 'authorize-server-error'],
  ...['token-invalid-client', 'token-refresh-refused', 'token-503', 'token-html', 'token-redirect'],
  ...['token-wrong-types', 'token-https-required', 'token-hanging'],
  ...['wsapi-401-html', 'wsapi-errors', 'wsapi-503', 'wsapi-redirect'],
  ...['cctray-403', 'cctray-to-login', 'cctray-malformed', 'cctray-reset'],
];

describe('in a whole run with failures of both providers', () => {
  let run: WholeRun;

  beforeEach(async () => {
    run = await startWholeRun();
  });
  afterEach(() => run.end());

  test('F6 no token, key, code, verifier, session id or client secret is printed or served, in any form (ASVS 14.2.1, 16.2.5)', async () => {
    await expectNothingToLeave(run, (failure) => KINDS.includes(failure));
    expect.hasAssertions();
  });
});

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

  /** Every secret that came for the browser's request under way, as it is and as a URL writes it. */
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
    return known.flatMap(repetitionsOf).join(' and ');
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
        () => respond(500, 'text/html', `<p>${escaped(echo())}</p>`),
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
    const token = () => repetitionsOf(tokens.access_token).join(' and ');
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
