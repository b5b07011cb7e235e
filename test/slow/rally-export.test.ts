// An export of a list that is long, slow or odd, and of one whose token expires on the way
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { recordsOf } from '../support/csv.js';
import { listOf, STORIES, type List, type ListOptions } from '../support/rally-list.js';
import { closeConnections, connectTo, FIRST, PROVIDERS, REFUSED } from '../support/refreshing.js';
import { closeAll, type Started } from '../support/start.js';
import {
  comeBack,
  hang,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type Answer,
  type StubProvider,
} from '../support/stub-provider.js';
import { Visitor, type Page } from '../support/visitor.js';

type Row = Readonly<Record<string, string | number | boolean | null>>;

const CSV = '/rally/export.csv';
const JSON_FILE = '/rally/export.json';

describe('An export when Rally', () => {
  let stub: StubProvider;
  let started: Started;
  let list: List;

  beforeEach(async () => {
    stub = await startStubProvider();
    started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '2000' });
    stub.answers.set(
      '/slm/webservice/v2.0/user',
      json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
    );
  });
  afterEach(async () => {
    await closeAll();
    await stub.close();
  });

  const has = (options: ListOptions) => {
    list = listOf(options);
    stub.answers.set(STORIES, list.answer);
  };

  /** @returns the cookie of a new session */
  async function connect(token = 'the-token-of-the-stub-1'): Promise<string> {
    stub.answers.set('/login/oauth2/token', json({ access_token: token }));
    return cookieOf(await comeBack(new Visitor(), started, 'rally'));
  }

  const get = async (path = JSON_FILE, cookie?: string) =>
    fetch(started.url + path, { headers: { Cookie: cookie ?? (await connect()) } });

  async function expectAll(count: number): Promise<void> {
    const rows = (await (await get()).json()) as Row[];

    expect(rows.map((row) => row['FormattedID'])).toEqual(
      Array.from({ length: count }, (_, index) => `US${index + 1}`),
    );
  }

  test.each<[string, ListOptions]>([
    ['gives fewer rows than it is asked for', { count: 95, cap: 10 }],
    ['counts more rows than it shows', { count: 95, cap: 10, total: 1_000_000 }],
    ['counts fewer rows than it gives', { count: 95, cap: 10, total: 3 }],
    ['does not count', { count: 95, cap: 10, total: null }],
    ['gives one page, and counts more', { count: 95, total: 500 }],
    ['gives pages of any size', { count: 95, total: 95, cap: 10, instead: shorterAndShorter }],
  ])('%s has every row once, in order', async (_what, options) => {
    has(options);

    await expectAll(95);
  });

  /** Every other page lacks its last rows. */
  function shorterAndShorter(start: number): Answer | undefined {
    if (start % 4 !== 3) return undefined;
    return listOf({ count: 95, cap: 3 }).answer;
  }

  test('counts what it does not show is not asked on and on', async () => {
    has({ count: 95, cap: 10, total: 1_000_000 });
    await (await get()).text();

    expect(list.asked.length).toBeLessThan(20);
  });

  const FAILURES: [string, Answer][] = [
    ['cuts the connection', reset],
    ['answers 500', respond(500, 'text/html', '<h1>Internal Server Error</h1>')],
    ['answers 503', respond(503, 'text/html', '<h1>Down</h1>', { 'Retry-After': '1' })],
    ['answers half a JSON', respond(200, 'application/json', '{"QueryResult":{"Resu')],
    ['answers with errors', json({ QueryResult: { Errors: ['Could not read'], Results: [] } })],
    ['hangs', hang],
  ];

  test.each(FAILURES)('%s once on the way: is whole all the same', async (_what, failure) => {
    const failing = [31];
    has({
      count: 95,
      cap: 10,
      instead: (start) =>
        failing.splice(failing.indexOf(start) >>> 0, 1).length ? failure : undefined,
    });

    await expectAll(95);
    expect(list.asked.filter((start) => start === 31)).toHaveLength(2);
  });

  test.each([CSV, JSON_FILE])(
    'fails twice at a page: %s breaks off, and does not look whole',
    async (path) => {
      const failure = respond(500, 'text/html', '<h1>Internal Server Error</h1>');
      has({ count: 95, cap: 10, instead: (start) => (start === 31 ? failure : undefined) });
      const file = await get(path);
      const pieces: string[] = [];
      const reading = readInto(pieces, file);

      expect(file.status).toBe(200);
      await expect(reading).rejects.toThrow();
      expect(pieces.join('')).toContain('US30');
      expect(pieces.join('')).not.toContain('US31');
      expect(list.asked.filter((start) => start === 31)).toHaveLength(2);
      expect(started.log.join('')).toMatch(/"level":"error".*"brokenOff":true/);
    },
  );

  test.each([
    ['in 20 s', () => '20'],
    ['at a date', () => new Date(Date.now() + 20_000).toUTCString()],
  ])('wants to be asked again %s: it breaks off, and is not asked before', async (_when, when) => {
    const busy = respond(503, 'text/html', '<h1>Down</h1>', { 'Retry-After': when() });
    has({ count: 95, cap: 10, instead: (start) => (start === 31 ? busy : undefined) });

    await expect((await get()).text()).rejects.toThrow();
    expect(list.asked.filter((start) => start === 31)).toHaveLength(1);
  });

  test('refuses the token on the way breaks it off, and the connection is forgotten', async () => {
    has({ count: 95, cap: 10, instead: (start) => (start > 1 ? REFUSED : undefined) });
    const cookie = await connect();

    await expect((await get(JSON_FILE, cookie)).text()).rejects.toThrow();
    expect((await get('/rally', cookie)).status).toBe(401);
  });

  test('has texts of all kinds: CSV keeps them, and none becomes a formula', async () => {
    const texts = [
      ...['plain', 'a,b', 'say "so"', 'two\nlines', 'two\r\nlines', 'Ümläut – 🐄', ' space ', ''],
      ...['a;b', "it's", '1=1', 'a-b', '\u2028'],
    ];
    const formulas = [
      ...['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', ' =1', '\u00a0=1', '\ufeff=1'],
      ...['\u200b=1', '\0=1', '\0x', '＝1', '＋1', '－1', '＠x', '=cmd|" /C calc"!A0'],
    ];
    const names = [...texts, ...formulas];
    has({ count: names.length, row: (index) => ({ Name: names[index - 1], PlanEstimate: -2 }) });
    const cookie = await connect();
    const text = await (await get(CSV, cookie)).text(); // which takes the mark away
    const records = recordsOf(text);
    const rows = (await (await get(JSON_FILE, cookie)).json()) as Row[];

    expect(records.slice(1).map(([, name]) => name)).toEqual([
      ...texts,
      ...formulas.map((formula) => `'${formula}`),
    ]);
    expect(records[1]?.[4]).toBe('-2'); // a number is none
    expect(rows.map((row) => row['Name'])).toEqual(names);
  });

  test.each([
    ['harmless;=1+1;x', "harmless;'=1+1;x"],
    ['a\t=1', "a\t'=1"],
    ['a\r\n @SUM(A1)', "a\r\n '@SUM(A1)"],
    ['\t =1', "'\t '=1"],
    ['a;b; c', 'a;b; c'],
    ['a;-1', "a;'-1"],
  ])('has the name %j: no formula in it for who parts cells otherwise', async (name, safe) => {
    has({ count: 1, row: () => ({ Name: name }) });
    const records = recordsOf(await (await get(CSV)).text());

    expect(records[1]?.[1]).toBe(safe);
  });

  test('is slow to be read: a person’s fifth export is refused until another has ended', async () => {
    has({ count: 24_000, cap: 200, row: () => ({ Name: 'x'.repeat(2000) }) });
    const cookie = await connect();
    const open = await Promise.all(Array.from({ length: 4 }, () => openSlowly(CSV, cookie)));
    for (const { answer } of open) answer.pause();
    const fifth = await get(CSV, cookie);
    const leaving = open.slice(0, 1).map(async ({ answer, leave }) => {
      const closed = new Promise((resolve) => answer.once('close', resolve));
      leave();
      await closed;
    });
    await Promise.all(leaving);
    let again = await get(JSON_FILE, cookie);
    while (again.status === 429) again = await get(JSON_FILE, cookie); // it is about to notice

    expect(fifth.status).toBe(429);
    expect(await fifth.text()).toContain('Too many exports at once');
    expect(again.status).toBe(200);
    for (const { leave } of open) leave();
    await again.body?.cancel();
  });

  test('repeats the token in what it answers: it is masked, on every page', async () => {
    has({ count: 30, cap: 10, row: () => ({ Name: 'is the-token-of-the-stub-1 yours?' }) });
    const text = await (await get(CSV)).text();

    expect(text).not.toContain('the-token-of-the-stub');
    expect(text.match(/is the-…ub-1 yours\?/g)).toHaveLength(30);
  });

  test('is asked for no more than a few pages while the browser reads nothing', async () => {
    has({ count: 16_000, cap: 200, row: () => ({ Name: 'x'.repeat(2000) }) });
    const { answer } = await openSlowly(JSON_FILE, await connect());
    answer.pause();
    await quiet(() => list.asked.length);
    const askedUnread = list.asked.length;
    let length = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) length += piece.length;

    expect(askedUnread).toBeLessThan(60); // a third of them are in the buffers of both sockets
    expect(list.asked).toHaveLength(80);
    expect(length).toBeGreaterThan(16_000 * 2000);
  });

  test('is asked for less ahead while others read nothing, and for as much again when they have left', async () => {
    // The first page alone is more than the buffers of both sockets hold.
    has({ count: 60_000, row: (index) => (index <= 2000 ? { Name: 'x'.repeat(7000) } : {}) });
    const cookie = await connect();
    const begin = async () => {
      const before = list.asked.length;
      const { answer, leave } = await openSlowly(JSON_FILE, cookie);
      answer.pause();
      await quiet(() => list.asked.length);
      const closed = new Promise((resolve) => answer.once('close', resolve));
      const left = async () => {
        leave();
        await closed;
        await quiet(() => started.log.length);
      };
      return { asked: list.asked.length - before, left };
    };
    const first = await begin();
    const second = await begin();
    await Promise.all([first, second].map(({ left }) => left()));
    const third = await begin();
    await third.left();

    // The page being written, eight ahead, and what is in the buffers of both sockets.
    expect(first.asked).toBeGreaterThanOrEqual(9);
    expect(second.asked).toBeLessThan(8);
    expect(third.asked).toBeGreaterThanOrEqual(9);
  });

  test('is asked for nothing more when the browser has left', async () => {
    // Longer than this test may take: no time limit ends these requests, or it notices nothing.
    started = await startWithStub(stub, { UPSTREAM_TIMEOUT_MS: '25000' });
    const held: ServerResponse[] = [];
    const hold: Answer = (_request, response) => void held.push(response);
    has({ count: 1000, cap: 10, instead: (start) => (start > 1 ? hold : undefined) });
    const { answer, leave } = await openSlowly(JSON_FILE, await connect());
    answer.resume();
    await quiet(() => held.length);
    const closed = held.map((response) => once(response, 'close'));
    leave();
    await Promise.all(closed);
    await quiet(() => list.asked.length);

    expect(held).toHaveLength(8);
    expect(list.asked).toHaveLength(9);
    expect(started.log.join('')).not.toContain('"level":"error"');
  });

  test('is asked by one person no more than 12 times at once, in all that they have open', async () => {
    const held: (() => void)[] = [];
    let isHolding = true;
    let underWay = 0;
    let most = 0;
    const count: Answer = (request, response) => {
      most = Math.max(most, ++underWay);
      response.once('close', () => underWay--);
      const go = () => {
        plain.answer(request, response);
      };
      if (isHolding) held.push(go);
      else go();
    };
    const plain = listOf({ count: 500, cap: 10 });
    stub.answers.set(STORIES, plain.answer);
    const cookies = [
      await connect('the-token-of-a-browser'),
      await connect('the-token-of-another'),
    ];
    stub.answers.set(STORIES, count);
    const paths = [CSV, JSON_FILE, ...Array.from({ length: 18 }, () => '/rally')];
    const all = cookies.flatMap((cookie) => paths.map((path) => get(path, cookie)));
    await quiet(() => held.length);
    const atFirst = held.length;
    isHolding = false;
    for (const go of held) go();
    const answers = await Promise.all(all);
    const bodies = await Promise.all(answers.map((answer) => answer.text()));

    expect(atFirst).toBe(12);
    expect(most).toBe(12);
    expect(answers.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect(JSON.parse(bodies[1] ?? '')).toHaveLength(500);
  });

  test('waits for a person’s other requests only: somebody else is answered meanwhile', async () => {
    has({ count: 10, instead: () => hang });
    const cookie = await connect();
    const leave = new AbortController();
    const pages = Array.from({ length: 20 }, () =>
      fetch(`${started.url}/rally`, { headers: { Cookie: cookie }, signal: leave.signal }),
    );
    await quiet(() => list.asked.length);
    stub.answers.set(
      '/slm/webservice/v2.0/user',
      json({ User: { Errors: [], ObjectID: 8, DisplayName: 'Bo' } }),
    );
    stub.answers.set(STORIES, listOf({ count: 10 }).answer);
    const other = await get(JSON_FILE, await connect('the-token-of-somebody-else'));

    expect(list.asked).toHaveLength(12);
    expect(await other.json()).toHaveLength(10);
    leave.abort();
    await Promise.allSettled(pages);
  });

  test('logged the person out in another tab ends it, in the middle', async () => {
    has({ count: 300, cap: 10 });
    const visitor = new Visitor();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    const cookie = cookieOf(await comeBack(visitor, started, 'rally'));
    let goOn: () => void = () => undefined;
    const isHeld = new Promise<void>((resolve) => {
      const hold: Answer = (request, response) => {
        goOn = () => {
          listOf({ count: 300, cap: 10 }).answer(request, response);
        };
        resolve();
      };
      has({ count: 300, cap: 10, instead: (start) => (start === 11 ? hold : undefined) });
    });
    const file = await get(JSON_FILE, cookie);
    await isHeld;
    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form[action="/logout"]');
    goOn();

    await expect(file.text()).rejects.toThrow();
    expect(list.asked.length).toBeLessThan(12);
  });

  /** Waits until a number has stayed the same while the app has answered many other requests. */
  async function quiet(number: () => number): Promise<void> {
    let before = -1;
    while (before !== number() || before === 0) {
      before = number();
      for (let visit = 0; visit < 60; visit++) await (await fetch(`${started.url}/healthz`)).text();
    }
  }

  /** With nothing between the test and its socket. */
  async function openSlowly(path: string, cookie: string) {
    const sent = httpRequest(started.url + path, { headers: { Cookie: cookie }, agent: false });
    sent.on('error', () => undefined).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    const leave = () => {
      sent.destroy();
    };
    return { answer, leave };
  }
});

describe('An export whose token ends on the way', () => {
  afterEach(closeConnections);

  test('is whole: the token is renewed once, and the pages that it failed for come again', async () => {
    const connected = await connectTo(PROVIDERS[0]);
    const { started, stub, cookie, refreshes, used } = connected;
    const isOld = (request: IncomingMessage) =>
      request.headers['zsessionid'] === FIRST.access_token;
    const { answer } = listOf({
      count: 95,
      cap: 10,
      instead: (start, request) => (start > 40 && isOld(request) ? REFUSED : undefined),
    });
    stub.answers.set(STORIES, answer);
    const file = await fetch(started.url + JSON_FILE, { headers: { Cookie: cookie } });

    expect(await file.json()).toHaveLength(95);
    expect(refreshes()).toHaveLength(1);
    expect(used().at(-1)).toBe('the-second-access-token');
  });

  test('breaks off when the token cannot be renewed, and is not tried on and on', async () => {
    const { started, stub, cookie, refreshes, answerTokens } = await connectTo(PROVIDERS[0]);
    answerTokens(json({ error: 'invalid_grant' }, 400));
    const { answer, asked } = listOf({
      count: 95,
      cap: 10,
      instead: (start) => (start > 40 ? REFUSED : undefined),
    });
    stub.answers.set(STORIES, answer);
    const file = await fetch(started.url + JSON_FILE, { headers: { Cookie: cookie } });

    await expect(file.text()).rejects.toThrow();
    expect(refreshes()).toHaveLength(1);
    expect(asked.length).toBeLessThan(12);
  });
});

function cookieOf({ headers }: Page): string {
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

async function readInto(pieces: string[], file: Response): Promise<void> {
  const decoder = new TextDecoder();
  if (!file.body) return;
  for await (const bytes of file.body as unknown as AsyncIterable<Uint8Array>) {
    pieces.push(decoder.decode(bytes, { stream: true }));
  }
}
