// What GoCD answers at cctray.xml, whatever that is.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NotCctrayError } from '../../../src/providers/gocd-cctray-entries.js';
import { readCctray, type Pipeline } from '../../../src/providers/gocd-cctray.js';
import { anySecret, anyText, forAny } from '../../support/any.js';
import { answerOddly, oddAnswers, secretsSentTo } from '../../support/odd-answer.js';
import { expectNoLeak, expectPage } from '../../support/outcome.js';
import type { Started } from '../../support/start.js';
import {
  comeBack,
  json,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from '../../support/stub-provider.js';
import { Visitor } from '../../support/visitor.js';

interface Written {
  /** Pipeline, stage, and job where it is one. */
  readonly path: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly breakers: string | undefined;
}

/** Texts that XML can hold, and that come back as they were. */
const xmlText = anyText.map((text) => text.replaceAll(/[^ -\ud7ff\ue000-\ufffd]/g, ''));

/** Few, so that entries meet. */
const name = fc.oneof(fc.constantFrom('p', 'q', '__proto__', 'constructor', ''), xmlText).map(
  (text) => text.replaceAll('::', ':'), // the separator is for no name
);

const written: fc.Arbitrary<Written> = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 3 }),
  attributes: fc.record(
    {
      activity: fc.oneof(fc.constantFrom('Sleeping', 'Building'), xmlText),
      lastBuildStatus: fc.oneof(fc.constantFrom('Success', 'Failure'), xmlText),
      lastBuildLabel: xmlText,
      lastBuildTime: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.constantFrom(
          '2018-07-01T10:00:00',
          '2018-07-01T10:00:00+02:00',
          '+275760-09-13T00:00:00Z',
        ),
        xmlText,
      ),
      webUrl: fc.oneof(fc.webUrl(), fc.constant('javascript:alert(1)'), xmlText),
    },
    { requiredKeys: [] },
  ),
  breakers: fc.option(xmlText, { nil: undefined }),
});

const document = fc.array(written, { maxLength: 8 });

/** XML, and texts that are nearly XML. */
const anyDocument = fc.oneof(
  { weight: 3, arbitrary: document.map(xmlOf) },
  { weight: 2, arbitrary: fc.tuple(document.map(xmlOf), fc.nat(), anyText).map(spoil) },
  { weight: 1, arbitrary: anyText },
);

function xmlOf(entries: readonly Written[]): string {
  const projects = entries.map(({ path, attributes, breakers }) => {
    const all = Object.entries({ name: path.join(' :: '), ...attributes });
    const messages =
      breakers === undefined
        ? ''
        : `<messages><message text="${escaped(breakers)}" kind="Breakers"/></messages>`;
    const list = all.map(([key, value]) => `${key}="${escaped(value)}"`).join(' ');
    return `<Project ${list}>${messages}</Project>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>\n<Projects>${projects.join('\n')}</Projects>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Puts a text in the place of a part of another. */
function spoil([xml, place, text]: [string, number, string]): string {
  const at = place % xml.length;
  return xml.slice(0, at) + text + xml.slice(at + (place % 7));
}

describe('readCctray, for any text', () => {
  test('gives pipelines that a page can show, or throws its one error', async () => {
    await forAny(
      anyDocument,
      async (xml) => {
        for (const pipeline of (await attempt([xml])) ?? []) expectShowable(pipeline);
      },
      { numRuns: 600 },
    );
  });

  test('says the same however the text is cut', async () => {
    await forAny(
      fc.record({ xml: anyDocument, cuts: fc.array(fc.nat()) }),
      async ({ xml, cuts }) => {
        expect(await attempt(cut(xml, cuts))).toEqual(await attempt([xml]));
      },
      { numRuns: 300 },
    );
  });

  test('finds each pipeline once, in the order of its first entry, with all of its stages and jobs', async () => {
    await forAny(
      document,
      async (entries) => {
        const pipelines = await readCctray([xmlOf(entries)]);
        expect(namesIn(pipelines)).toEqual(namesWritten(entries));
      },
      { numRuns: 300 },
    );
  });
});

async function attempt(pieces: readonly string[]): Promise<readonly Pipeline[] | undefined> {
  try {
    return await readCctray(pieces);
  } catch (error) {
    expect(error).toBeInstanceOf(NotCctrayError);
    return undefined;
  }
}

function cut(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((place) => place % (text.length + 1)).sort((a, b) => a - b);
  return [0, ...places].map((start, index) => text.slice(start, places[index]));
}

function expectShowable({ stages, ...pipeline }: Pipeline): void {
  expect(stages.length).toBeGreaterThan(0);
  const entries = [...stages, ...stages.flatMap(({ jobs }) => jobs)];
  for (const { name, activity, lastBuildStatus } of [pipeline, ...entries]) {
    for (const text of [name, activity, lastBuildStatus]) expect(typeof text).toBe('string');
  }
  for (const { label, lastBuildTime } of [pipeline, ...stages]) {
    expect(typeof label).toBe('string');
    if (lastBuildTime?.instant === undefined) continue;
    const { instant } = lastBuildTime;
    expect(() => new Date(instant).toISOString()).not.toThrow();
  }
  for (const { breakers } of stages) expect(breakers).not.toBe('');
  for (const { url } of entries) {
    if (url !== undefined) expect(url).toMatch(/^https?:\/\//i);
  }
}

type Names = [pipeline: string, stages: [stage: string, jobs: string[]][]][];

function namesIn(pipelines: readonly Pipeline[]): Names {
  return pipelines.map(({ name, stages }) => [
    name,
    stages.map(({ name, jobs }) => [name, jobs.map(({ name }) => name)]),
  ]);
}

function namesWritten(entries: readonly Written[]): Names {
  const found = new Map<string, Map<string, string[]>>();
  for (const { path } of entries) {
    const [pipeline = '', stage = '(no stage)', job] = path.join(' :: ').split(' :: ');
    const stages = found.get(pipeline) ?? new Map<string, string[]>();
    found.set(pipeline, stages);
    const jobs = stages.get(stage) ?? [];
    stages.set(stage, job === undefined ? jobs : [...jobs, job]);
  }
  return [...found].map(([pipeline, stages]) => [pipeline, [...stages]]);
}

describe('GET /gocd', () => {
  let stub: StubProvider;
  let started: Started;

  beforeAll(async () => {
    stub = await startStubProvider();
    started = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '0' });
  });
  afterAll(async () => {
    await started.close();
    await stub.close();
  });

  test('answers any text by a status of its own, and leaks nothing that is repeated in it', async () => {
    const visitor = new Visitor();
    await forAny(
      fc.record({ answer: oddAnswers(anyDocument), token: anySecret }),
      async ({ answer, token }) => {
        stub.answers.set('/go/oauth/token', json({ access_token: token }));
        await comeBack(visitor, started, 'gocd');
        stub.received.length = 0;
        started.log.length = 0;
        answerOddly(stub, '/go/cctray.xml', answer, escaped);
        const page = await visitor.visit(`${started.url}/gocd`);

        expect([200, 401, 403, 502, 503]).toContain(page.status);
        expectPage(page);
        expect(page.$('a[href^="javascript:"]')).toHaveLength(0);
        expect(secretsSentTo(stub)).toEqual([token]);
        expectNoLeak([token], [page], started.log);
      },
    );
  });
});
