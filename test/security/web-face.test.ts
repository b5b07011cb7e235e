// SECURITY.md, F: what browsers, and whoever pretends to be one, send and get.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { letAllBeWell } from '../support/both-providers.js';
import { STACK } from '../support/outcome.js';
import { closeAll, start, type Started } from '../support/start.js';
import {
  comeBack,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor } from '../support/visitor.js';
import { sendBytes } from '../support/sent-bytes.js';

let stub: StubProvider;
let started: Started;
let visitor: Visitor;

beforeEach(async () => {
  stub = await startStubProvider();
  letAllBeWell(stub);
  started = await startWithStub(stub);
  visitor = new Visitor();
});
afterEach(async () => {
  await closeAll();
  await stub.close();
});

const PAGES = [
  ...['/', '/rally', '/gocd', '/logout', '/rally/api-key', '/gocd/access-token', '/login/rally'],
  ...['/oauth-redirect?state=s', '/nothing', '/logout/rally', '/rally?page=x', '/healthz', '/%'],
];

async function connectBoth(): Promise<void> {
  await comeBack(visitor, started, 'rally');
  await comeBack(visitor, started, 'gocd');
}

describe('every answer', () => {
  test('F1 has a policy that runs no script but our files and frames nothing, and the other headers (ASVS 3.4.1-3.4.6, 13.4.6)', async () => {
    await connectBoth();
    for (const path of [...PAGES, '/public/style.css']) {
      const { headers } = await visitor.visit(started.url + path, {
        Origin: 'https://evil.example',
      });
      const policy = String(headers['content-security-policy']).split(';').sort();

      expect([path, ...policy]).toEqual([
        path,
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
      ]);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      const names = Object.keys(headers).join(' ');
      expect(names).not.toMatch(/x-powered-by|access-control-|strict-transport|server\b/);
    }
  });

  test('F1 keeps browsers with https, where SERVER_URL is https (ASVS 3.4.1)', async () => {
    const https = await start({ environment: { SERVER_URL: 'https://app.example' } });
    for (const path of ['/', '/nothing', '/healthz']) {
      const { headers } = await supertest(https.url).get(path);

      expect(headers['strict-transport-security']).toMatch(/^max-age=31536000\b/);
      expect(headers['content-security-policy']).toContain('upgrade-insecure-requests');
    }
  });

  test('F1 of a page takes nothing from other sites, and has nothing inline that a policy must allow (RFC 9700 §4.2.4)', async () => {
    await connectBoth();
    for (const path of PAGES) {
      const { $ } = await visitor.visit(started.url + path);
      const taken = $('[src], link[href], [srcset], [data], [background]').toArray();
      const urls = taken.map(({ attribs }) => attribs['src'] ?? attribs['href'] ?? 'other');

      expect(urls.filter((url) => !url.startsWith('/public/'))).toEqual([]);
      expect($('script:not([src]), style, [style], iframe, object, embed')).toHaveLength(0);
      expect(
        $('*')
          .toArray()
          .flatMap((tag) => ('attribs' in tag ? Object.keys(tag.attribs) : []))
          .filter((name) => name.startsWith('on')),
      ).toEqual([]);
    }
  });
});

describe('a form', () => {
  const FORMS = [
    '/logout',
    '/logout/rally',
    '/logout/gocd',
    '/rally/api-key',
    '/gocd/access-token',
  ];

  async function csrfToken(who = visitor): Promise<string> {
    const page = await who.visit(`${started.url}/logout`);
    return String(page.$('[name=csrf_token]').attr('value'));
  }

  test.each([
    ['another site', () => 'https://evil.example'],
    ['no site, as a sandboxed frame says', () => 'null'],
    ['nothing at all', () => ''],
    ['the same host and another port', (url: string) => url.replace(/\d+$/, '1')],
    ['the same host and another scheme', (url: string) => url.replace('http:', 'https:')],
    ['a name that begins with ours', (url: string) => `${url}.evil.example`],
    ['ours and another', (url: string) => `${url}, https://evil.example`],
    ['ours with a path', (url: string) => `${url}/`],
  ])(
    'F2 with Origin of %s is refused, even with the right token (ASVS 3.5.1-3)',
    async (_what, origin) => {
      await connectBoth();
      const csrf_token = await csrfToken();
      for (const path of FORMS) {
        const headers = { Origin: origin(started.url) };
        const answer = await visitor.post(started.url + path, { csrf_token }, headers);
        expect([path, answer.status]).toEqual([path, 403]);
      }

      expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
      expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
    },
  );

  test('F2 is refused without a token, with an empty, wrong or repeated one, and with another session’s (CSRF cheat sheet)', async () => {
    await connectBoth();
    const [own, foreign] = [await csrfToken(), await csrfToken(new Visitor())];
    const bodies = [
      '',
      'csrf_token=',
      'csrf_token=undefined',
      `csrf_token=${foreign}`,
      `csrf_token=${own}x`,
      `csrf_token=${own.slice(1)}`,
      `csrf_token=${own}&csrf_token=${own}`,
      `csrf_token[]=${own}`,
      `CSRF_TOKEN=${own}`,
      `__proto__[csrf_token]=${own}`,
    ];
    for (const path of FORMS) {
      for (const body of bodies) {
        // With Origin and without, as older browsers send it.
        for (const Origin of [started.url, undefined]) {
          const answer = await postRaw(path, body, Origin ? { Origin } : {});
          expect([path, body, answer]).toEqual([path, body, 403]);
        }
      }
    }

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
    expect(await postRaw('/logout', `csrf_token=${own}`, {})).toBe(303);
  });

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'x'])(
    'F2 of the type %s, which other sites may post, is not read (ASVS 3.5.2)',
    async (type) => {
      await connectBoth();
      const own = await csrfToken();
      for (const body of [`{"csrf_token":"${own}"}`, `csrf_token=${own}`]) {
        expect(await postRaw('/logout', body, { 'Content-Type': type })).toBe(403);
      }
      const inQuery = await visitor.post(`${started.url}/logout?csrf_token=${own}`);
      const inHeader = await visitor.post(`${started.url}/logout`, {}, { 'X-CSRF-Token': own });

      expect([inQuery.status, inHeader.status]).toEqual([403, 403]);
      expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
    },
  );

  async function postRaw(path: string, body: string, headers: Record<string, string>) {
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return (await visitor.postText(started.url + path, body, { ...type, ...headers })).status;
  }
});

describe('return_to', () => {
  // The table of oauth2-proxy's redirect validator, and the shapes of CVE-2020-5233, -11053, -4037,
  // CVE-2021-21291, CVE-2022-24794 and CVE-2024-29041.
  const HOSTILE = [
    ...['https://evil.example', 'http://evil.example/rally', '//evil.example', '///evil.example'],
    ...['/\\evil.example', '\\\\evil.example', '/\\/evil.example', '\\/evil.example', '/\\\\evil'],
    ...['/\t/evil.example', '/ /evil.example', '/\n/evil.example', '/\r/evil.example', '\t//evil'],
    ...['/\t\\evil.example', '/ \\evil.example', '/\v/evil.example', '/\f/evil.example'],
    ...[
      '/./evil.example',
      '/.//evil.example',
      '/././/evil.example',
      '/./\\evil.example',
      '/..//evil',
    ],
    ...['/rally/..//evil.example', '/rally/../../evil', '/rally//evil.example', '/rally/./'],
    ...['/%2f%2fevil.example', '/%2f/evil.example', '/%5cevil.example', '%2f%2fevil.example'],
    ...['/%09/evil.example', '/%0a/evil.example', '/rally%0d%0aSet-Cookie:%20evil=1', '/rally%00'],
    ...[
      '/rally\r\nLocation: https://evil.example',
      '/rally\0',
      '\u0001//evil.example',
      '/rally\u2028',
    ],
    ...['https:evil.example', 'https:/evil.example', 'javascript:alert(1)', 'data:text/html,x'],
    ...['@evil.example', '/@evil.example', '.evil.example', ':80', 'http://localhost@evil.example'],
    ...[
      '/rally?next=https://evil.example',
      '/rally#//evil',
      '/rally;x',
      '/Rally',
      'rally',
      '/logout',
    ],
    ...['/oauth-redirect', '/login/rally', '', ' ', '/ ', '/rally ', '/／evil.example', '/rally/'],
    ...['__proto__', 'constructor', '0', 'length'],
  ];

  test('F3 leads to pages of this app that are on its list, to the letter, and nowhere else (RFC 9700 §4.11.1; ASVS 3.7.2)', async () => {
    for (const value of HOSTILE) {
      const query = new URLSearchParams({ return_to: value });
      const answer = await visitor.visit(`${started.url}/login/rally?${query.toString()}`);

      expect([value, answer.status, answer.headers['location']]).toEqual([value, 400, undefined]);
    }
    for (const query of [
      'return_to[]=/rally',
      'return_to=/rally&return_to=/',
      'return_to[a]=/rally',
    ]) {
      const answer = await visitor.visit(`${started.url}/login/rally?${query}`);
      // The first and last have another name, which is ignored.
      expect(answer.headers['location'] ?? '').not.toContain('evil');
      expect([302, 400]).toContain(answer.status);
    }
  });

  test.each(['/', '/rally', '/gocd'])(
    'F3 leads to %s, by an address without a host',
    async (page) => {
      const { location } = await visitor.visit(`${started.url}/login/rally?return_to=${page}`);
      const state = location.searchParams.get('state') ?? '';
      const answer = await visitor.visit(`${started.url}/oauth-redirect?code=c&state=${state}`);

      expect(answer.headers['location']).toBe(page);
    },
  );

  test('F3 no redirect or link of ours is made from Host or forwarded headers', async () => {
    await connectBoth();
    const lies = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      Forwarded: 'host=evil.example',
    };
    for (const path of PAGES) {
      const page = await visitor.visit(started.url + path, lies);
      expect(page.text + JSON.stringify(page.headers)).not.toContain('evil.example');
    }
  });
});

describe('a request', () => {
  const get = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, ...headers];
  const post = (path: string, ...headers: string[]) => [
    `POST ${path} HTTP/1.1`,
    'Content-Type: application/x-www-form-urlencoded',
    ...headers,
  ];
  const long = (count: number) => 'x'.repeat(count);

  const MALFORMED: readonly (readonly [what: string, head: readonly string[], body?: string])[] = [
    ['a path with a bare %', get('/%')],
    ['a path with half an escape', get('/rally/%e')],
    ['a path that is no UTF-8', get('/%ff%fe')],
    ['a NUL in a file’s name', get('/public/%00')],
    ['a file’s name with a bare %', get('/public/%')],
    ['a path out of the folder', get('/public/../package.json')],
    ['a path with backslashes', get('/public/..\\..\\package.json')],
    ['an address of another host', get('http://evil.example/x')],
    ['a provider called __proto__', get('/login/__proto__')],
    ['a provider called constructor', get('/login/constructor')],
    ['a provider called toString', get('/oauth-redirect/toString')],
    ['a provider in upper case that nobody has', get('/login/RALLYX')],
    ['a query with bare %', get('/oauth-redirect?state=%&code=%e')],
    ['a query that is no UTF-8', get('/oauth-redirect?state=%ff')],
    ['a thousand parameters', get(`/oauth-redirect?${'a=1&'.repeat(2000)}state=s`)],
    ['a path of 20 kB', get(`/${long(20_000)}`)],
    ['a header of 20 kB', get('/rally', `X-Long: ${long(20_000)}`)],
    ['a cookie of 10 kB', get('/rally', `Cookie: sid=${long(10_000)}`)],
    ['two hundred cookies', get('/rally', `Cookie: ${'sid=s%3Ax.y; '.repeat(200)}`)],
    ['a cookie with bare %', get('/rally', 'Cookie: sid=%; %=%; =; ;')],
    ['a cookie called __proto__', get('/rally', 'Cookie: __proto__=x; constructor=y; sid=j:{}')],
    ['a method that nobody knows', ['BREW /rally HTTP/1.1']],
    ['TRACE', ['TRACE /rally HTTP/1.1', 'Cookie: sid=s']],
    ['no HTTP at all', ['\u0016\u0003\u0001 hello']],
    ['a header without a colon', get('/rally', 'nonsense')],
    ['a length that is no number', post('/logout', 'Content-Length: x'), 'a=1'],
    ['two lengths', post('/logout', 'Content-Length: 3', 'Content-Length: 4'), 'a=1'],
    [
      'length and chunks',
      post('/logout', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
      '0\r\n\r\n',
    ],
    ['a form of 20 kB', post('/logout', 'Content-Length: 20000'), long(20_000)],
    ['a form of fields', post('/logout', 'Content-Length: 200'), 'a=1&'.repeat(50)],
    ['a form with bare %', post('/logout', 'Content-Length: 14'), 'csrf_token=%e%'],
    ['a form that names a prototype', post('/logout', 'Content-Length: 16'), '__proto__[x]=1&a'],
    [
      'a form in a charset nobody has',
      [
        'POST /logout HTTP/1.1',
        'Content-Type: application/x-www-form-urlencoded; charset=evil',
        'Content-Length: 3',
      ],
      'a=1',
    ],
    [
      'a form that says gzip and is not',
      post('/logout', 'Content-Encoding: gzip', 'Content-Length: 3'),
      'a=1',
    ],
    [
      'a form packed in a way nobody has',
      post('/logout', 'Content-Encoding: evil', 'Content-Length: 3'),
      'a=1',
    ],
    ['an Accept that is nonsense', get('/rally', 'Accept: ;;;,,,q=')],
    ['an Origin that is no address', post('/logout', 'Origin: %%', 'Content-Length: 3'), 'a=1'],
  ];

  test.each(MALFORMED.map(([what, head, body = '']) => ({ what, head, body })))(
    'F4 with $what is answered by a 4xx, and the next one is served (ASVS 4.1.4, 13.4.4, 15.3.6, 16.5.3-4)',
    async ({ head, body }) => {
      const answer = await sendBytes(started.url, head, body);
      const next = await supertest(started.url).get('/');

      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toMatch(STACK);
      expect(next.status).toBe(200);
      expect(started.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    },
  );
});

test.each([
  ...[
    '/.env',
    '/.env.example',
    '/.git/config',
    '/.git/HEAD',
    '/package.json',
    '/package-lock.json',
  ],
  ...[
    '/src/app.ts',
    '/dist/server.js',
    '/dist/app.js.map',
    '/node_modules/ejs/package.json',
    '/views/home.ejs',
  ],
  ...[
    '/public',
    '/public/',
    '/public/.',
    '/public/package.json',
    '/public/src/app.ts',
    '/public/app.ts',
    '/public/../src/app.ts',
    '/public/%2e%2e/src/app.ts',
  ],
  ...['/public/..%2fpackage.json', '/public/%252e%252e/package.json', '/public/....//package.json'],
  ...[
    '/public/..%5cpackage.json',
    '/public/style.css%00.txt',
    '/public//etc/passwd',
    '//etc/passwd',
  ],
  ...['/_sandbox', '/server-status', '/debug', '/metrics', '/test', '/SECURITY.md', '/Procfile'],
])('F5 %s gives nothing (ASVS 13.4.1, 13.4.3, 13.4.7)', async (path) => {
  const answer = await sendBytes(started.url, [`GET ${path} HTTP/1.1`, 'Accept: */*']);

  expect([400, 403, 404]).toContain(answer.status);
  expect(answer.text).toContain('id <code>');
});

test('F6 nobody writes lines of their own into the log, nor chooses the id of theirs (ASVS 16.4.1)', async () => {
  const forged = '{"level":"error","msg":"forged"}';
  await sendBytes(started.url, [
    `GET /rally%0a${encodeURIComponent(forged)} HTTP/1.1`,
    `X-Request-Id: ${forged}`,
    `User-Agent: ${forged}`,
  ]);
  await sendBytes(started.url, [
    `GET /oauth-redirect?error=%0a${encodeURIComponent(forged)}&state=s HTTP/1.1`,
  ]);
  await sendBytes(started.url, [
    `GET /login/rally?return_to=%0a${encodeURIComponent(forged)} HTTP/1.1`,
  ]);

  expect(started.log.length).toBeGreaterThan(3);
  for (const line of started.log) {
    expect(line.trim()).not.toContain('\n');
    expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
    expect(
      JSON.stringify((JSON.parse(line) as { req?: { id?: string } }).req?.id ?? ''),
    ).not.toContain('forged');
  }
});
