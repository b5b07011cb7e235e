// SECURITY.md, E: what a provider sends is foreign, whoever it is.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  cctray,
  GOCD,
  letAllBeWell,
  person,
  PROVIDERS,
  RALLY,
  stories,
  WHO_AM_I,
} from '../support/both-providers.js';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  drip,
  hang,
  json,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';

let stub: StubProvider;
let elsewhere: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  [stub, elsewhere] = await Promise.all([startStubProvider(), startStubProvider()]);
  letAllBeWell(stub);
  started = await startWithStub(stub);
  visitor = new Visitor();
  await comeBack(visitor, started, 'rally');
  await comeBack(visitor, started, 'gocd');
});
afterEach(async () => {
  await closeAll();
  await Promise.all([stub.close(), elsewhere.close()]);
});

const MARKUP = '"\'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;';
/** As an attribute of XML. */
const MARKUP_IN_XML = MARKUP.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const project = (attributes: string) => `<Project ${attributes} />`;

describe.each(PROVIDERS)('$name', ({ provider, other, dataPath, token }) => {
  const visit = () => visitor.visit(`${started.url}/${provider}`);
  const asked = () => stub.received.filter(({ line }) => line === `GET ${dataPath}`);

  test('E1 the token goes to the configured host, in the documented header alone (ASVS 14.2.1)', async () => {
    let url = '';
    const answer = stub.answers.get(dataPath);
    stub.answers.set(dataPath, (request, response) => {
      url = request.url ?? '';
      answer?.(request, response);
    });
    await visit();
    const [request] = asked();
    const carrying = Object.entries(request?.headers ?? {}).filter(([, value]) =>
      String(value).includes(token),
    );

    expect(carrying).toEqual([
      provider === 'rally' ? ['zsessionid', token] : ['authorization', `Token token="${token}"`],
    ]);
    expect(url + String(request?.body)).not.toContain(token);
    expect(request?.headers.cookie).toBeUndefined();
  });

  test('E1 addresses in an answer are not fetched, and no link leads where they say (ASVS 1.3.6, 13.2.4)', async () => {
    const { url } = elsewhere;
    const reference = { _ref: `${url}/ref`, _refObjectName: 'x', _rallyAPIMajor: '2' };
    stub.answers.set(WHO_AM_I, json({ User: { ...reference, Errors: [], ObjectID: 7 } }));
    stub.answers.set(
      RALLY.dataPath,
      stories({
        TotalResultCount: 900,
        Results: [{ ...reference, ObjectID: 1, Project: reference, Owner: reference }],
      }),
    );
    stub.answers.set(GOCD.dataPath, cctray(project(`name="a :: b" webUrl="${url}/build"`)));
    expect((await visit()).status).toBe(200);

    expect(elsewhere.received).toEqual([]);
    expect(asked()).toHaveLength(1);
    const [link] = (await visitor.visit(`${started.url}/rally`)).$('tbody a').toArray();
    expect(link?.attribs['href']).toBe(`${stub.url}/#/detail/userstory/1`);
  });

  test.each([301, 302, 303, 307, 308])(
    'E1 a redirect with %i is not followed: it would carry the token to another host (ASVS 15.3.2)',
    async (status) => {
      const Location = `${elsewhere.url}${dataPath}`;
      stub.answers.set(dataPath, respond(status, 'text/html', '', { Location }));

      expect((await visit()).status).toBe(502);
      expect(elsewhere.received).toEqual([]);
      expect(asked()).toHaveLength(1);
    },
  );

  test('E2 a 401 asks to connect again, at this provider alone', async () => {
    stub.answers.set(dataPath, respond(401, 'text/html', 'no'));
    const page = await visit();

    expect(page.status).toBe(401);
    expect(page.$('.button').attr('href')).toBe(`/login/${provider}?return_to=/${provider}`);
    expect((await visitor.visit(`${started.url}/${other}`)).status).toBe(200);
  });

  test.each([429, 503])(
    'E2 a %i is told in words with its Retry-After, and not asked again (RFC 9110 §10.2.3)',
    async (status) => {
      stub.answers.set(dataPath, respond(status, 'text/html', 'busy', { 'Retry-After': '120' }));
      const page = await visit();

      expect([page.status, page.headers['retry-after']]).toEqual([503, '120']);
      expect(page.$('h1').text()).toContain('is busy');
      expect(asked()).toHaveLength(1);
    },
  );

  test.each([
    ['400', respond(400, 'text/html', 'no')],
    ['404', respond(404, 'text/html', 'no')],
    ['500', respond(500, 'application/json', '{"error":"x"}')],
    ['599', respond(599, 'text/html', 'no')],
    ['204', respond(204, 'text/html', '')],
    ['nothing', respond(200, 'text/plain', '')],
    ['bytes', respond(200, 'application/octet-stream', Buffer.from([0, 255, 254, 128]))],
  ])(
    'E2 %s is told in words, and the page is well again afterwards (ASVS 16.5.2)',
    async (_what, answer) => {
      const well = stub.answers.get(dataPath) ?? hang;
      stub.answers.set(dataPath, answer);
      const page = await visit();
      stub.answers.set(dataPath, well);

      expect(page.status).toBe(502);
      expect(page.$('h2').text()).toBe('What to do');
      expect((await visit()).status).toBe(200);
    },
  );

  test.each([
    ['never answers', hang],
    ['drips', drip],
  ])(
    'E3 while it %s, everybody else is served: the other provider’s page, home, health (ASVS 15.2.2)',
    async (_what, answer) => {
      stub.answers.set(dataPath, answer);
      let isAnswered = false;
      const slow = Array.from({ length: 30 }, async () => {
        await visit();
        isAnswered = true;
      });
      for (const path of [`/${other}`, '/', `/login/${provider}`, '/healthz', '/readyz']) {
        expect((await visitor.visit(started.url + path)).status).toBeLessThan(400);
      }

      expect(isAnswered).toBe(false);
      stub.answers.set(dataPath, respond(200, 'text/html', ''));
      await stub.close(); // ends what still waits
      await Promise.all(slow);
    },
  );
});

test.each([
  ['a DTD', '<!DOCTYPE Projects><Projects></Projects>'],
  [
    'an external DTD',
    '<!DOCTYPE Projects SYSTEM "http://evil.example/x.dtd"><Projects></Projects>',
  ],
  [
    'an external entity',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Projects><Project name="&a; :: b"/></Projects>',
  ],
  [
    'a parameter entity',
    '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://evil.example/">%a;]><Projects></Projects>',
  ],
  [
    'entities of entities',
    '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Projects><Project name="&b;"/></Projects>',
  ],
  ['an entity that nobody declared', '<Projects><Project name="&a; :: b"/></Projects>'],
  ['a character that XML does not have', '<Projects><Project name="&#0; :: b"/></Projects>'],
  ['elements within elements without end', '<Projects>'.repeat(50_000)],
  ['an attribute twice', '<Projects><Project name="a :: b" name="c :: d"/></Projects>'],
  ['two roots', '<Projects></Projects><Projects></Projects>'],
  ['an end that is missing', '<Projects><Project name="a :: b">'],
  ['a script before it', '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>'],
])(
  'E4 cctray.xml with %s is refused, and said to be so (ASVS 1.5.1; XXE cheat sheet)',
  async (_what, xml) => {
    stub.answers.set(GOCD.dataPath, respond(200, 'application/xml', xml));
    const page = await visitor.visit(`${started.url}/gocd`);

    expect(page.status).toBe(502);
    expect(page.$('h1').text()).toBe('No usable answer from GoCD');
    expect(page.text).not.toContain('root:');
    expect(elsewhere.received).toEqual([]);
  },
);

test('E5 odd, missing and unknown values are listed all the same; Errors are not an empty list (cctray format; WSAPI)', async () => {
  const Results = [
    null,
    7,
    { FormattedID: 'US7', Name: 7 },
    { Name: 7, ObjectID: 'x', Project: [], __proto__: null },
  ];
  stub.answers.set(RALLY.dataPath, stories({ TotalResultCount: 4, Results }));
  stub.answers.set(
    GOCD.dataPath,
    cctray(
      `<Project/>${project('name="p :: s" activity="Dancing" lastBuildStatus="Exception" lastBuildTime="never"')}<Other/>`,
    ),
  );
  const [rally, gocd] = [
    await visitor.visit(`${started.url}/rally`),
    await visitor.visit(`${started.url}/gocd`),
  ];

  expect(rally.$('tbody tr')).toHaveLength(4);
  expect(rally.$('tbody').text()).toContain('US7');
  expect(gocd.$('.pipelines > li')).toHaveLength(2);
  expect(gocd.$('.pipelines').text()).toContain('Dancing');
  expect(gocd.$('.pipelines').text()).toContain('Exception');

  stub.answers.set(RALLY.dataPath, stories({ Errors: ['Could not parse'] }));
  expect((await visitor.visit(`${started.url}/rally`)).status).toBe(502);
});

test('E6 markup in any text of a provider is shown as text (ASVS 1.2.1)', async () => {
  stub.answers.set(WHO_AM_I, person(MARKUP));
  await comeBack(visitor, started, 'rally');
  const reference = { _refObjectName: MARKUP };
  const story = { ObjectID: 1, FormattedID: MARKUP, Name: MARKUP, ScheduleState: MARKUP };
  stub.answers.set(
    RALLY.dataPath,
    stories({
      TotalResultCount: 1,
      Warnings: [MARKUP],
      Results: [{ ...story, Project: reference, Iteration: reference }],
    }),
  );
  const everything = ['activity', 'lastBuildStatus', 'lastBuildLabel', 'lastBuildTime']
    .map((name) => `${name}="${MARKUP_IN_XML}"`)
    .join(' ');
  stub.answers.set(
    GOCD.dataPath,
    cctray(
      `<Project name="${MARKUP_IN_XML} :: ${MARKUP_IN_XML} :: ${MARKUP_IN_XML}" ${everything} webUrl="http://x/${MARKUP_IN_XML}" />` +
        `<Project name="${MARKUP_IN_XML} :: ${MARKUP_IN_XML}" ${everything}><messages><message kind="Breakers" text="${MARKUP_IN_XML}"/></messages></Project>`,
    ),
  );
  const shown = { '/': 1, '/rally': 7, '/gocd': 5 };
  for (const [path, times] of Object.entries(shown)) {
    const page = await visitor.visit(started.url + path);

    expect(page.status).toBe(200);
    expect(page.$('main').text().split(MARKUP).length - 1).toBeGreaterThanOrEqual(times);
    expect(page.$('script:not([src^="/public/"]), main img, [onerror], main b')).toHaveLength(0);
  }
});

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  '&#1;javascript:alert(1)',
  'java&#9;script:alert(1)',
  'data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;',
  'vbscript:x',
  'file:///etc/passwd',
  'ftp://x/',
  '//evil.example/',
  '/relative',
  'http:evil',
  'https:/\\evil',
])('E6 a build’s address %j is no link: http and https alone are (ASVS 1.2.2)', async (webUrl) => {
  stub.answers.set(
    GOCD.dataPath,
    cctray(
      project(`name="p :: s" webUrl="${webUrl}"`) +
        project(`name="p :: s :: j" webUrl="${webUrl}"`),
    ),
  );
  const { $ } = await visitor.visit(`${started.url}/gocd`);
  const links = $('main a')
    .toArray()
    .map(({ attribs }) => attribs['href']);

  expect(links.length).toBeGreaterThan(0); // of our own
  expect(links.filter((href) => !href?.match(/^\/(gocd|walkthrough)\b/))).toEqual([]);
});

test('E6 an http or https address of a build is a link', async () => {
  stub.answers.set(
    GOCD.dataPath,
    cctray(project('name="p :: s" webUrl="HTTPS://go.example/x?a=1&amp;b"')),
  );
  const page = await visitor.visit(`${started.url}/gocd`);

  expect(page.$('.stages a').attr('href')).toBe('HTTPS://go.example/x?a=1&b');
});
