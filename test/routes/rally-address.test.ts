// What the Rally page shows stands in its address: GET /rally?type=…&search=…&sort=…
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeAll(async () => {
  started = await start();
  visitor = new Visitor();
  await signIn(visitor, started, 'rally');
});
beforeEach(() => {
  started.sandbox.world.failures.switchOff();
  started.sandbox.world.received.clear();
});
afterAll(closeAll);

const open = (address: string) => visitor.visit(started.url + address);

const column = ({ $ }: Page, label: string) =>
  $(`td[data-label="${label}"]`)
    .toArray()
    .map((cell) => $(cell).text());

/** What Rally was asked since the last look. */
function asked(): { path: string; query: URLSearchParams }[] {
  const { all } = started.sandbox.world.received;
  return all
    .filter(({ path }) => path.includes('/webservice/'))
    .map(({ path, query }) => ({ path, query: new URLSearchParams(query) }));
}

function failOnce(name: string): void {
  const all = { client: undefined, provider: undefined, seconds: 0 };
  started.sandbox.world.failures.switchOn({ name, times: 1, ...all });
}

describe('GET /rally', () => {
  test.each([
    ['/rally', 'Stories of Ada Finch', 'US1', /#\/detail\/userstory\/81001$/, 56],
    ['/rally?type=defects', 'Defects of Ada Finch', 'DE1', /#\/detail\/defect\/\d+$/, 14],
    ['/rally?type=tasks', 'Tasks of Ada Finch', 'TA1', /#\/detail\/task\/\d+$/, 56],
  ])('%s shows %s with one call of WSAPI', async (address, heading, id, link, total) => {
    const before = asked().length;
    const page = await open(address);

    expect(asked()).toHaveLength(before + 1);
    expect(page.$('h1').text()).toBe(heading);
    expect(page.$('tbody a').first().text()).toBe(id);
    expect(page.$('tbody a').first().attr('href')).toMatch(link);
    expect(page.$('.tabs [aria-current=page]').text()).toMatch(new RegExp(` ${total}$`));
  });

  test('has the columns that Rally people know', async () => {
    const heads = async (address: string) => {
      const { $ } = await open(address);
      return $('th')
        .toArray()
        .map((head) => $(head).text());
    };

    expect(await heads('/rally')).toEqual([
      ...['ID', 'Name', 'Schedule state', 'Plan estimate', 'Iteration', 'Project', 'Blocked'],
      'Updated',
    ]);
    expect(await heads('/rally?type=tasks')).toEqual([
      ...['ID', 'Name', 'State', 'Estimate, hours', 'Iteration', 'Project', 'Blocked', 'Updated'],
    ]);
  });

  test('says why something is blocked', async () => {
    const { $ } = await open('/rally?sort=-blocked');

    expect($('tbody tr').first().text()).toContain('Waiting for the sensor supplier');
    expect($('.shares h2').text()).toContain('5 blocked');
  });

  test.each([
    ['/rally?search=barn+DOOR&pagesize=200', 8],
    ['/rally?search=us12', 1],
    ['/rally?search=%22quotes%22', 8],
    ['/rally?search=%5C', 0],
    ['/rally?search=%22)+OR+(Name+!%3D+%22', 0],
    ['/rally?search=a%22)+OR+(Owner+%3D+%22%2Fuser%2F70011', 0],
    ['/rally?state=Accepted', 13],
    ['/rally?state=%22', 0],
    ['/rally?iteration=Sprint+3', 11],
    ['/rally?iteration=null', 11],
    ['/rally?iteration=none', 0],
    ['/rally?project=60003', 6],
    ['/rally?workspace=50201', 6],
    ['/rally?type=defects&state=Open', 4],
  ])('%s finds %i', async (address, count) => {
    const page = await open(address);

    expect(page.status).toBe(200);
    expect(page.$('tbody tr')).toHaveLength(count);
  });

  test('shows the project’s own work and that below it, and none from above', async () => {
    const projects = async (id: string) =>
      new Set(column(await open(`/rally?project=${id}&pagesize=200`), 'Project'));

    expect(await projects('60001')).toEqual(new Set(['Barn', 'Milking parlour']));
    expect(await projects('60003')).toEqual(new Set(['Milking parlour']));
  });

  test.each([
    ['name', 'Name', (a: string, b: string) => (a < b ? -1 : 1)],
    ['id', 'ID', (a: string, b: string) => Number(a.slice(2)) - Number(b.slice(2))],
    ['updated', 'Updated', (a: string, b: string) => a.localeCompare(b)],
  ])('sorts by %s, and the other way round', async (key, label, order) => {
    const up = column(await open(`/rally?sort=${key}&pagesize=200`), label);
    const down = column(await open(`/rally?sort=-${key}&pagesize=200`), label);

    expect(up).toEqual([...up].sort(order));
    expect(down).toEqual([...up].reverse());
  });

  test('sorts by state as work goes through them', async () => {
    const states = column(await open('/rally?sort=state&pagesize=200'), 'Schedule state');

    expect([...new Set(states)]).toEqual(['Defined', 'In-Progress', 'Completed', 'Accepted']);
  });

  test('a column’s head sorts by it, and turns it round the next time', async () => {
    const link = ({ $ }: Page) => $('th.name a').attr('href') ?? '';
    const once = await open(link(await open('/rally?page=2&pagesize=20')));
    const twice = await open(link(once));

    expect(once.url.search).toBe('?sort=name&pagesize=20');
    expect(once.$('th.name').attr('aria-sort')).toBe('ascending');
    expect(twice.$('th.name').attr('aria-sort')).toBe('descending');
  });

  test('a page costs the same however far on it is: Rally sends that page alone', async () => {
    await open('/rally?sort=-updated&page=3&pagesize=20');
    const { query } = asked().at(-1) ?? {};

    expect(Object.fromEntries(query ?? [])).toMatchObject({
      start: '41',
      pagesize: '20',
      order: 'LastUpdateDate desc,ObjectID',
    });
  });

  test('other tabs and pages keep the filters, and a state stays where it belongs', async () => {
    const { $ } = await open('/rally?search=a&state=Accepted&project=60001&pagesize=20');
    const tabs = $('.tabs a')
      .toArray()
      .map((tab) => $(tab).attr('href'));

    expect(tabs[1]).toBe('/rally?type=defects&search=a&project=60001&pagesize=20');
  });

  test('each filter can be taken away', async () => {
    const { $ } = await open('/rally?search=barn&iteration=Sprint+1&workspace=50101&project=60001');
    const links = $('.chips a')
      .toArray()
      .map((chip) => $(chip).attr('href'));

    expect(links).toEqual([
      '/rally?iteration=Sprint+1&workspace=50101&project=60001',
      '/rally?search=barn&workspace=50101&project=60001',
      '/rally?search=barn&iteration=Sprint+1',
      '/rally?search=barn&iteration=Sprint+1&workspace=50101',
      '/rally',
    ]);
  });

  test.each([
    [
      '/rally?type=tasks&search=&state=&iteration=&sort=rank&page=1&pagesize=50',
      '/rally?type=tasks',
    ],
    ['/rally?search=+barn+', '/rally?search=barn'],
    ['/rally?pagesize=20&type=tasks', '/rally?type=tasks&pagesize=20'],
  ])('%s is sent on to the short %s without asking Rally', async (address, short) => {
    const before = asked().length;
    const page = await open(address);

    expect(page.status).toBe(302);
    expect(page.headers['location']).toBe(short);
    expect(asked()).toHaveLength(before);
  });

  test.each(['search=a%20b', 'search=a+b', 'search=caf%c3%a9%27%22%2a', 'iteration=%F0%9F%90%84'])(
    'an address with %s is short however it is encoded',
    async (parameters) => {
      expect((await open(`/rally?${parameters}`)).status).toBe(200);
    },
  );

  test.each([
    'type=epics',
    'type=constructor',
    'sort=owner',
    'sort=--name',
    'pagesize=10',
    'pagesize=2000',
    'workspace=Farm',
    'project=60001)',
    'project=0',
    'search=a%0Ab',
    `search=${'x'.repeat(201)}`,
    'state=a&state=b',
    'stat=Open',
    '__proto__=x',
  ])('refuses %s, and guesses nothing', async (parameters) => {
    const before = asked().length;
    const page = await open(`/rally?${parameters}`);

    expect(page.status).toBe(400);
    expect(page.$('h1').text()).toBe('This address is not right');
    expect(asked()).toHaveLength(before);
  });

  test('shows the query as it was sent', async () => {
    const { $ } = await open('/rally?search=say+%22a%5Cb%22&state=Defined');
    const [query, request] = $('.copy code')
      .toArray()
      .map((code) => $(code).text());

    expect(query).toBe(
      '(((Owner = "/user/70001") AND (Name contains "say \\"a\\\\b\\"")) AND (ScheduleState = "Defined"))',
    );
    expect(new URL(request ?? '').searchParams.get('query')).toBe(query);
    expect(asked().at(-1)?.query.get('query')).toBe(query);
  });

  test('adds up the points of each state on the page, in words beside the bar', async () => {
    const { $ } = await open('/rally?pagesize=20');
    const words = $('.shares li')
      .toArray()
      .map((item) => $(item).text().replace(/\s+/g, ' ').trim());
    const widths = $('.bar rect')
      .toArray()
      .map((piece) => Number.parseFloat($(piece).attr('width') ?? ''));

    expect(words).toEqual([
      'Defined 17 points, 6 stories',
      'In-Progress 21 points, 5 stories',
      'Completed 36 points, 5 stories',
      'Accepted 17 points, 4 stories',
      '3 without an estimate',
    ]);
    expect(widths.reduce((sum, width) => sum + width)).toBeCloseTo(100);
    expect($('.shares li a').first().attr('href')).toBe('/rally?state=Defined&pagesize=20');
  });

  test('filtered to nothing says so, and leads back to everything', async () => {
    const { $ } = await open('/rally?type=tasks&search=unicorn&sort=name');

    expect($('.empty h2').text()).toBe('No task of yours is like this');
    expect($('.empty a').attr('href')).toBe('/rally?type=tasks&sort=name');
  });

  test('when Rally refuses what is asked for, the way on is without filters', async () => {
    const page = await open('/rally?project=1');

    expect(page.status).toBe(502);
    expect(page.$('blockquote').text()).toBe('Cannot find object to read');
    expect(page.$('.button').attr('href')).toBe('/rally');
  });

  test('when Rally is away, the way on is the same address', async () => {
    failOnce('wsapi-500');
    const page = await open('/rally?type=tasks&search=a');

    expect(page.status).toBe(502);
    expect(page.$('.button').attr('href')).toBe('/rally?type=tasks&search=a');
  });
});

describe('GET /rally/counts', () => {
  test('counts what the other tabs would show, a call of WSAPI each', async () => {
    const before = asked().length;
    const { text } = await open('/rally/counts?search=sensor&state=Accepted');
    const defects = await open('/rally?type=defects&search=sensor');

    expect(JSON.parse(text)).toEqual({ defects: defects.$('tbody tr').length, tasks: 0 });
    expect(asked()).toHaveLength(before + 3);
    expect(asked()[before]?.query.get('pagesize')).toBe('1');
  });
});

describe('GET /rally/choices', () => {
  const json = { Accept: 'application/json' };

  test('names workspaces, the projects of one, and iterations, the latest first', async () => {
    const { text } = await visitor.visit(`${started.url}/rally/choices?workspace=50201`, json);

    expect(JSON.parse(text)).toEqual({
      workspaces: [
        { id: '50101', name: 'Farm' },
        { id: '50201', name: 'Orchard' },
      ],
      projects: [
        { id: '60101', name: 'Apples' },
        { id: '60102', name: 'Cider' },
      ],
      iterations: ['Sprint 4', 'Sprint 3', 'Sprint 2', 'Sprint 1'],
    });
  });

  test('is a page with the whole form where no script runs', async () => {
    const page = await open('/rally');
    const choices = await visitor.visit(new URL(page.$('.load').attr('href') ?? '', page.url));
    const options = choices
      .$('[name=workspace] option')
      .toArray()
      .map((option) => choices.$(option).text());

    expect(options).toEqual(['Your default', 'Farm', 'Orchard']);
    expect(choices.$('form.filters').attr('action')).toBe('/rally');
  });

  test('keeps what is chosen, though no list has it', async () => {
    const { $ } = await open('/rally/choices?type=defects&state=Idea&iteration=PI+9&sort=-name');
    const chosen = $('form.filters option[selected]')
      .toArray()
      .map((option) => $(option).attr('value'));

    expect(chosen).toEqual(['Idea', 'PI 9', '', '', '-name', '50']);
    expect($('input[name=type]').attr('value')).toBe('defects');
  });
});

describe.each(['/rally/counts', '/rally/choices'])('GET %s', (path) => {
  test('without a connection is a 401', async () => {
    expect((await new Visitor().visit(started.url + path)).status).toBe(401);
  });

  test('refuses what the page refuses', async () => {
    expect((await open(`${path}?type=epics`)).status).toBe(400);
  });

  test('when Rally is away says so, and the connection is kept', async () => {
    failOnce('wsapi-503');

    expect((await open(path)).status).toBe(503);
    expect((await open('/rally')).status).toBe(200);
  });
});
