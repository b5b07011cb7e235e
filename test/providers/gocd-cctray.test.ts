import { describe, expect, test } from '@jest/globals';
import { NotCctrayError } from '../../src/providers/gocd-cctray-entries.js';
import { fetchPipelines, readCctray } from '../../src/providers/gocd-cctray.js';

/** An entry of cctray.xml; the attributes that a test is about replace the usual ones. */
function project(name: string, attributes: Record<string, string> = {}, content = ''): string {
  const usual = {
    name,
    activity: 'Sleeping',
    lastBuildStatus: 'Success',
    lastBuildLabel: '1',
    lastBuildTime: '2018-07-01T10:00:00Z',
    webUrl: 'https://go/p',
  };
  const all = Object.entries({ ...usual, ...attributes });
  return `<Project ${all.map(([key, value]) => `${key}="${value}"`).join(' ')}>${content}</Project>`;
}

const projects = (...entries: string[]) =>
  `<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n${entries.join('\n')}\n</Projects>`;

const manyAttributes = (count: number) =>
  Array.from({ length: count }, (_, index) => `a${index}=""`).join(' ');

const read = (xml: string) => readCctray([xml]);

describe('readCctray', () => {
  test('makes a pipeline of its stages, and a stage of its jobs', async () => {
    const [pipeline, ...rest] = await read(
      projects(project('p :: build'), project('p :: build :: unit'), project('p :: deploy')),
    );

    expect(rest).toEqual([]);
    expect(pipeline?.name).toBe('p');
    expect(pipeline?.stages.map(({ name }) => name)).toEqual(['build', 'deploy']);
    expect(pipeline?.stages[0]?.jobs.map(({ name }) => name)).toEqual(['unit']);
  });

  test('calls a pipeline failed when one stage is, and building when one is', async () => {
    const [pipeline] = await read(
      projects(
        project('p :: a', { lastBuildStatus: 'Failure' }),
        project('p :: b', { activity: 'Building' }),
        project('p :: c'),
      ),
    );

    expect(pipeline).toMatchObject({ lastBuildStatus: 'Failure', activity: 'Building' });
  });

  test('takes label and time of a pipeline from its newest stage', async () => {
    const [pipeline] = await read(
      projects(
        project('p :: a', { lastBuildLabel: '13', lastBuildTime: '2018-07-02T10:00:00Z' }),
        project('p :: b', { lastBuildLabel: '12', lastBuildTime: '2018-07-01T10:00:00Z' }),
      ),
    );

    expect(pipeline).toMatchObject({
      label: '13',
      lastBuildTime: { text: '2018-07-02T10:00:00Z', instant: Date.UTC(2018, 6, 2, 10) },
    });
  });

  test('knows no instant for a time without a zone (GoCD before 18.3.0)', async () => {
    const [pipeline] = await read(
      projects(project('p :: a', { lastBuildTime: '2018-07-01T10:00:00' })),
    );

    expect(pipeline?.lastBuildTime).toEqual({ text: '2018-07-01T10:00:00' });
  });

  test('reads who broke a stage', async () => {
    const messages = '<messages><message text="alice, bob" kind="Breakers" /></messages>';
    const [pipeline] = await read(projects(project('p :: a', {}, messages), project('p :: b')));

    expect(pipeline?.stages.map(({ breakers }) => breakers)).toEqual(['alice, bob', undefined]);
  });

  test('lists a job whose stage has no entry, and a pipeline without stages', async () => {
    const pipelines = await read(projects(project('p :: a :: job'), project('alone')));

    expect(pipelines.map(({ name }) => name)).toEqual(['p', 'alone']);
    expect(pipelines[0]?.stages[0]).toMatchObject({ name: 'a', jobs: [{ name: 'job' }] });
  });

  test('keeps values that it does not know', async () => {
    const [pipeline] = await read(
      projects(
        project('p :: a', { activity: 'CheckingModifications', lastBuildStatus: 'Exception' }),
      ),
    );

    expect(pipeline).toMatchObject({
      activity: 'CheckingModifications',
      lastBuildStatus: 'Exception',
    });
  });

  test('takes an entry without any attribute', async () => {
    const [pipeline] = await read('<Projects><Project/></Projects>');

    expect(pipeline?.name).toBe('(no name)');
  });

  test('is empty when nothing has run', async () => {
    expect(await read('<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n</Projects>')).toEqual(
      [],
    );
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['JSON', '{"a":1}'],
    ['other XML', '<rss/>'],
    ['an unclosed element', '<Projects><Project name="a">'],
    ['an unquoted attribute', '<Projects><Project name=a/></Projects>'],
    ['an undeclared entity', '<Projects><Project name="&nbsp;"/></Projects>'],
    ['two roots', '<Projects/><Projects/>'],
    ['a document type', '<!DOCTYPE Projects><Projects/>'],
    ['a value without end', `<Projects><Project name="${'x'.repeat(100_000)}"/></Projects>`],
    ['attributes without end', `<Projects><Project ${manyAttributes(20_000)}/></Projects>`],
    ['a comment without end', `<Projects><!--${'x'.repeat(100_000)}--></Projects>`],
    ['elements nested without end', '<Projects>' + '<a>'.repeat(1_000_000)],
    [
      'an external entity',
      '<!DOCTYPE Projects [<!ENTITY x SYSTEM "file:///etc/passwd">]><Projects>&x;</Projects>',
    ],
  ])('refuses %s', async (_what, xml) => {
    await expect(read(xml)).rejects.toThrow(NotCctrayError);
  });

  test('refuses entries without end, as more than is accepted', async () => {
    const xml = `<Projects>${'<Project/>'.repeat(50_001)}</Projects>`;

    await expect(read(xml)).rejects.toMatchObject({ failure: 'too_large' });
  });
});

describe('fetchPipelines', () => {
  test('lets other requests have their turn while it reads 10,000 entries', async () => {
    const body = projects(...Array.from({ length: 10_000 }, (_, index) => project(`p${index}`)));
    const upstream = {
      get: () => Promise.resolve({ status: 200, contentType: 'application/xml', body }),
    };
    let turns = 0;
    let isReading = true;
    const takeTurns = () => {
      turns += 1;
      if (isReading) setImmediate(takeTurns);
    };
    setImmediate(takeTurns);
    const pipelines = await fetchPipelines(upstream, 'https://go.example', {});
    isReading = false;

    expect(pipelines).toHaveLength(10_000);
    expect(turns).toBeGreaterThan(10);
  });
});
