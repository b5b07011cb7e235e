// What WSAPI answers, whatever that is.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UpstreamError } from '../../../src/http/upstream-error.js';
import {
  ApiError,
  CredentialRejectedError,
  NotAllowedError,
} from '../../../src/providers/provider.js';
import { fetchArtifacts, type Artifacts } from '../../../src/providers/rally-artifacts.js';
import { fetchWhoAmI } from '../../../src/providers/rally-person.js';
import type { Wsapi } from '../../../src/providers/rally-wsapi.js';
import { readAddress } from '../../../src/rally-page/address.js';
import { anyJson, anySecret, anyText, forAny } from '../../support/any.js';
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

const USER = '/slm/webservice/v2.0/user';
const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';
const PAGE_SIZE = 3;
const FIRST_PAGE = { start: 1, pageSize: PAGE_SIZE };
const ADA = { id: 7, name: 'Ada' };
const VIEW = readAddress({});

const sometimes = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: anyJson });
const texts = fc.array(anyText, { maxLength: 3 });
/** Mostly none: of an answer with errors nothing else is shown. */
const errors = fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, sometimes(texts));
const reference = fc.record({ _refObjectName: sometimes(anyText) });

const row = fc.record(
  {
    ObjectID: sometimes(fc.oneof(fc.nat(), fc.bigInt({ min: 0n }).map(String))),
    FormattedID: sometimes(anyText),
    Name: sometimes(anyText),
    ScheduleState: sometimes(anyText),
    PlanEstimate: sometimes(fc.double()),
    Iteration: sometimes(reference),
    Project: sometimes(reference),
    Blocked: sometimes(fc.boolean()),
  },
  { requiredKeys: [] },
);

const queryResult = fc.record(
  {
    Errors: errors,
    Warnings: sometimes(texts),
    TotalResultCount: sometimes(fc.integer()),
    Results: sometimes(fc.array(sometimes(row), { maxLength: 2 * PAGE_SIZE })),
  },
  { requiredKeys: ['Results'] },
);

const user = fc.record(
  {
    Errors: errors,
    ObjectID: sometimes(fc.nat()),
    DisplayName: sometimes(anyText),
    UserName: sometimes(anyText),
    _refObjectName: sometimes(anyText),
  },
  { requiredKeys: ['ObjectID'] },
);

const bodyOf = (envelope: string, result: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 9, arbitrary: result.map((value) => JSON.stringify({ [envelope]: value })) },
    {
      weight: 1,
      arbitrary: texts.map((Errors) => JSON.stringify({ OperationResult: { Errors } })),
    },
    { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: anyText },
  );

const anyQueryResult = bodyOf('QueryResult', queryResult);
const anyUser = bodyOf('User', user);

describe('fetchArtifacts, for any answer', () => {
  test('gives at most the rows that were asked for, each as its type says, or throws a typed error', async () => {
    await forAny(
      answersWith(anyQueryResult),
      async (answer) => {
        const stories = await attempt(() =>
          fetchArtifacts(answering(answer), ADA, VIEW, FIRST_PAGE),
        );
        if (stories) expectStories(stories);
      },
      { numRuns: 600 },
    );
  });

  test('shows every row that was asked for by its name, whatever else is in it', async () => {
    await forAny(fc.array(sometimes(row), { maxLength: 2 * PAGE_SIZE }), async (Results) => {
      const body = JSON.stringify({ QueryResult: { Results } });
      const http = answering({ status: 200, body });
      const { artifacts } = await fetchArtifacts(http, ADA, VIEW, FIRST_PAGE);

      expect(artifacts.map(({ name }) => name)).toEqual(Results.slice(0, PAGE_SIZE).map(nameOf));
    });
  });
});

function nameOf(row: unknown): string {
  const isNamed = typeof row === 'object' && row !== null && 'Name' in row;
  return isNamed && typeof row.Name === 'string' ? row.Name : '(no name)';
}

describe('fetchWhoAmI, for any answer', () => {
  test('gives a person with an id and a short name, or throws a typed error', async () => {
    await forAny(
      answersWith(anyUser),
      async (answer) => {
        const person = await attempt(() => fetchWhoAmI(answering(answer)));
        if (!person) return;
        expect(Number.isSafeInteger(person.id) && person.id > 0).toBe(true);
        expect(person.name.length).toBeGreaterThan(0);
        expect(person.name.length).toBeLessThanOrEqual(200);
      },
      { numRuns: 600 },
    );
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function answersWith(bodies: fc.Arbitrary<string>): fc.Arbitrary<Answer> {
  const statuses = fc.oneof(
    { weight: 9, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
  );
  return fc.record({ status: statuses, body: bodies });
}

function answering(answer: Answer): Wsapi {
  const upstream = {
    get: () => Promise.resolve({ contentType: 'application/json', ...answer }),
  };
  const by = { kind: 'oauth', accessToken: 'any' } as const;
  return { upstream, server: 'https://rally.example', by, headers: {} };
}

async function attempt<Result>(fetch: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await fetch();
  } catch (error) {
    expect([ApiError, CredentialRejectedError, NotAllowedError, UpstreamError]).toContain(
      (error as Error).constructor,
    );
    return undefined;
  }
}

function expectStories({ artifacts, total, warnings }: Artifacts): void {
  expect(artifacts.length).toBeLessThanOrEqual(PAGE_SIZE);
  expect(Number.isSafeInteger(total) && total >= 0).toBe(true);
  for (const text of warnings) expect(typeof text).toBe('string');
  for (const story of artifacts) {
    expect(story).toEqual({
      formattedId: expect.any(String),
      name: expect.any(String),
      state: expect.any(String),
      estimate: story.estimate === undefined ? undefined : expect.any(Number),
      iteration: story.iteration === undefined ? undefined : expect.any(String),
      project:
        story.project &&
        ({
          id: story.project.id === undefined ? undefined : expect.any(Number),
          name: expect.any(String),
        } as unknown),
      isBlocked: expect.any(Boolean),
      blockedReason: story.blockedReason === undefined ? undefined : expect.any(String),
      updatedAt: story.updatedAt === undefined ? undefined : expect.any(Date),
      url:
        story.url === undefined
          ? undefined
          : expect.stringMatching(/^https:\/\/rally\.example\/#\/detail\/userstory\/\d+$/),
    });
  }
}

describe('GET /rally', () => {
  let stub: StubProvider;
  let started: Started;
  let visitor: Visitor;

  beforeAll(async () => {
    stub = await startStubProvider();
    started = await startWithStub(stub, { RATE_LIMIT_PER_MINUTE: '0' });
  });
  afterAll(async () => {
    await started.close();
    await stub.close();
  });
  beforeEach(() => {
    visitor = new Visitor();
  });

  test('answers any stories by a status of its own, and leaks nothing that is repeated in them', async () => {
    await forAny(
      fc.record({ answer: oddAnswers(anyQueryResult), token: anySecret }),
      async ({ answer, token }) => {
        stub.answers.set('/login/oauth2/token', json({ access_token: token }));
        stub.answers.set(USER, json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }));
        await comeBack(visitor, started, 'rally');
        await expectOwnPage(STORIES, answer);
      },
    );
  });

  test('answers any name of the person by a status of its own, and keeps nothing that is repeated in it', async () => {
    stub.answers.set(STORIES, json({ QueryResult: { Results: [] } }));
    await forAny(
      fc.record({ answer: oddAnswers(anyUser), token: anySecret }),
      async ({ answer, token }) => {
        stub.answers.set('/login/oauth2/token', json({ access_token: token }));
        stub.answers.delete(USER);
        await comeBack(visitor, started, 'rally');
        await expectOwnPage(USER, answer);
      },
    );
  });

  async function expectOwnPage(path: string, answer: Parameters<typeof answerOddly>[2]) {
    stub.received.length = 0;
    started.log.length = 0;
    answerOddly(stub, path, answer);
    const page = await visitor.visit(`${started.url}/rally`);
    const home = await visitor.visit(started.url);

    expect([200, 401, 403, 502, 503]).toContain(page.status);
    expect(home.status).toBe(200);
    expectPage(page);
    expectPage(home);
    expect(secretsSentTo(stub)).not.toEqual([]);
    expectNoLeak(secretsSentTo(stub), [page, home], started.log);
  }
});
