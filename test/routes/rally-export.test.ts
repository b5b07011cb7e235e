// All of a person's work as a file: GET /rally/export.csv and /rally/export.json
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordsOf } from '../support/csv.js';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor } from '../support/visitor.js';

type Row = Readonly<Record<string, string | number | boolean | null>>;

const CSV = '/rally/export.csv';
const JSON_FILE = '/rally/export.json';

describe('GET /rally/export.csv and .json', () => {
  let started: Started;
  let visitor: Visitor;

  beforeAll(async () => {
    started = await start({ sandbox: { stories: 6_000 } });
    visitor = new Visitor();
    await signIn(visitor, started, 'rally');
  });
  afterAll(closeAll);

  const open = (path: string) => visitor.visit(started.url + path);
  const rowsOf = async (parameters: string) =>
    JSON.parse((await open(JSON_FILE + parameters)).text) as Row[];
  const askedForWork = () =>
    started.sandbox.world.received.all.filter(({ path }) => path.endsWith('requirement')).length;

  test('have all rows, once each, in the order of the page, 2,000 from each request', async () => {
    const { $ } = await open('/rally?pagesize=200');
    const total = Number($('.tabs [aria-current] .count').text());
    const onPage = $('td.id')
      .toArray()
      .map((cell) => $(cell).text());
    const before = askedForWork();
    const rows = await rowsOf('');
    const ids = rows.map((row) => row['FormattedID']);

    expect(total).toBeGreaterThan(5_000);
    expect(askedForWork() - before).toBe(Math.ceil(total / 2000));
    expect(ids).toHaveLength(total);
    expect(new Set(ids).size).toBe(total);
    expect(ids.slice(0, 200)).toEqual(onPage);
  });

  test('say the same, row by row', async () => {
    const { text } = await open(`${CSV}?search=quotes&state=Accepted`);
    const rows = await rowsOf('?search=quotes&state=Accepted');
    const records = recordsOf(text.slice(1));

    expect(text.startsWith('\uFEFF')).toBe(true);
    expect(rows.length).toBeGreaterThan(10);
    expect(records).toEqual([
      Object.keys(rows[0] ?? {}),
      ...rows.map((row) => Object.values(row).map((cell) => (cell === null ? '' : String(cell)))),
    ]);
  });

  test.each([
    ['?type=defects&state=Open&sort=-updated', 'Defect', ['State', 'PlanEstimate']],
    ['?type=tasks&project=60003&sort=name', 'Task', ['State', 'Estimate']],
    ['?search=us12', 'Story', ['ScheduleState', 'PlanEstimate']],
    ['?workspace=50201', 'Story', ['ScheduleState', 'PlanEstimate']],
  ])('%s are those that the page shows', async (parameters, type, fields) => {
    const { $ } = await open(`/rally${parameters}&pagesize=200`);
    const onPage = $('td.id')
      .toArray()
      .map((cell) => ({ id: $(cell).text(), link: $(cell).find('a').attr('href') }));
    const rows = await rowsOf(parameters);

    expect(onPage.length).toBeGreaterThan(0);
    expect(
      rows.slice(0, 200).map((row) => ({ id: row['FormattedID'], link: row['Link'] })),
    ).toEqual(onPage);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...['FormattedID', 'Name', 'Type', ...fields, 'Iteration', 'Project', 'Blocked'],
      ...['BlockedReason', 'LastUpdateDate', 'Link'],
    ]);
    expect(new Set(rows.map((row) => row['Type']))).toEqual(new Set([type]));
  });

  test('a view with nothing in it is a file with no rows', async () => {
    expect((await open(`${CSV}?search=unicorn`)).text).toMatch(/^\uFEFFFormattedID,[\w,]+\r\n$/);
    expect(await rowsOf('?search=unicorn')).toEqual([]);
  });

  test.each([
    [CSV, 'text/csv; charset=utf-8', 'csv'],
    [JSON_FILE, 'application/json; charset=utf-8', 'json'],
  ])('%s is a file to keep, and nothing keeps it on the way', async (path, type, extension) => {
    const today = new Date().toISOString().slice(0, 10);
    const { status, headers } = await open(`${path}?type=tasks&search=barn`);

    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': type,
      'content-disposition': `attachment; filename=rally-tasks-${today}.${extension}`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-encoding': 'gzip',
      'transfer-encoding': 'chunked',
    });
  });

  test('HEAD has the same headers, and asks Rally for one page', async () => {
    const before = askedForWork();
    const { status, headers, text } = await visitor.send('HEAD', started.url + CSV);

    expect(status).toBe(200);
    expect(headers['content-disposition']).toContain('rally-stories-');
    expect(Number(headers['x-total-count'])).toBeGreaterThan(5_000);
    expect(text).toBeFalsy();
    expect(askedForWork() - before).toBe(1);
  });

  test.each(['page=2', 'pagesize=20', 'type=epics', 'search=a%0Ab'])(
    'refuse %s, and Rally is not asked',
    async (parameters) => {
      const before = askedForWork();

      expect((await open(`${CSV}?${parameters}`)).status).toBe(400);
      expect(askedForWork()).toBe(before);
    },
  );

  test('without a connection are a 401', async () => {
    expect((await new Visitor().visit(started.url + CSV)).status).toBe(401);
    expect((await new Visitor().visit(started.url + JSON_FILE)).status).toBe(401);
  });

  test('the page links to both, with its filters and without its page', async () => {
    const { $ } = await open('/rally?type=tasks&search=barn&sort=name&page=2&pagesize=20');
    const links = $('.downloads a')
      .toArray()
      .map((link) => $(link).attr('href'));

    expect(links).toEqual([
      '/rally/export.csv?type=tasks&search=barn&sort=name',
      '/rally/export.json?type=tasks&search=barn&sort=name',
    ]);
  });

  test.each([
    ['wsapi-503', 503],
    ['wsapi-403', 403],
    ['wsapi-errors', 502],
    ['wsapi-401', 401],
  ])('when the first page fails with %s are that page of ours, %i', async (name, status) => {
    const all = { client: undefined, provider: undefined, seconds: 0 };
    started.sandbox.world.failures.switchOn({ name, times: undefined, ...all });
    const page = await open(CSV);
    started.sandbox.world.failures.switchOff();
    if (status === 401) await signIn(visitor, started, 'rally');

    expect(page.status).toBe(status);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-disposition']).toBeUndefined();
  });
});
