// Rally's Web Services API v2.0, as far as this app needs it: who am I, and my stories.
import { inspect } from 'node:util';
import { z } from 'zod';
import { unexpectedAnswer, type Http, type ProviderAnswer } from '../http.js';
import { maskSent } from '../mask.js';
import { readJson } from './json-answer.js';
import { ApiError, requireSuccess, type Person } from './provider.js';

/** One page of a result. WSAPI counts from 1. */
export interface Page {
  readonly start: number;
  /** 2000 at most; Rally silently caps more. */
  readonly pageSize: number;
}

export interface Stories {
  readonly stories: readonly Story[];
  /** How many there are in all, as Rally says: it may count some that the person cannot see. */
  readonly total: number;
  readonly warnings: readonly string[];
}

export interface Story {
  readonly formattedId: string;
  readonly name: string;
  readonly scheduleState: string;
  readonly planEstimate: number | undefined;
  readonly iteration: string | undefined;
  readonly project: string | undefined;
  readonly blocked: boolean;
  /** Rally's own page of the story; it has no other address in the API's answers. */
  readonly url: string | undefined;
}

type Headers = Record<string, string>;

const MOST_TEXTS = 20;
const LONGEST_NAME = 200;
const LONGEST_TEXT = 2000;

/** What goes into a page. Rally may repeat the token anywhere. */
const text = z.string().transform((value) => maskSent(value).slice(0, LONGEST_TEXT));

/** Texts of an envelope. What is not a text is shown all the same: an error must not be overlooked. */
const texts = z
  .unknown()
  .optional()
  .transform((value): string[] => {
    const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return list
      .slice(0, MOST_TEXTS)
      .map((each) => text.parse(typeof each === 'string' ? each : inspect(each)));
  });

// ObjectIDs have been seen as strings (a user fixture of 2013), so both are taken.
const objectId = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().int().positive());
const reference = z.object({ _refObjectName: text });

// Odd values of one row must not hide the others: each field falls back by itself.
const StoryRow = z
  .object({
    ObjectID: objectId.optional().catch(undefined),
    FormattedID: text.catch('?'),
    Name: text.catch('(no name)'),
    ScheduleState: text.catch('Unknown'),
    PlanEstimate: z.number().optional().catch(undefined),
    Iteration: reference.optional().catch(undefined),
    Project: reference.optional().catch(undefined),
    Blocked: z.boolean().catch(false),
  })
  .catch({ FormattedID: '?', Name: '(no name)', ScheduleState: 'Unknown', Blocked: false });

const FETCHED = 'ObjectID,FormattedID,Name,ScheduleState,PlanEstimate,Iteration,Project,Blocked';

const QueryResult = z.object({
  QueryResult: z.object({
    Errors: texts,
    Warnings: texts,
    TotalResultCount: z.coerce.number().int().nonnegative().catch(0),
    Results: z.array(z.unknown()),
  }),
});

const User = z.object({
  User: z.object({
    Errors: texts,
    ObjectID: objectId,
    DisplayName: text.optional().catch(undefined),
    UserName: text.optional().catch(undefined),
    _refObjectName: text.optional().catch(undefined),
  }),
});

/** `{"OperationResult":{"Errors":[…]}}` with status 200 is how WSAPI says no to anything. */
const Failure = z.object({ OperationResult: z.object({ Errors: texts }) });

/**
 * Asks whose token this is. `/user` without an id or a query means the caller.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchWhoAmI(http: Http, server: string, headers: Headers): Promise<Person> {
  const url = new URL(`${server}/slm/webservice/v2.0/user`);
  url.searchParams.set('fetch', 'ObjectID,DisplayName,UserName');
  const { User: user } = await read(User, await http.get(url, headers));
  refuseErrors(user.Errors);
  const names = [user.DisplayName, user._refObjectName, user.UserName, `User ${user.ObjectID}`];
  const name = names.find((name) => name !== undefined && name !== '') ?? '';
  return { id: user.ObjectID, name: name.slice(0, LONGEST_NAME) };
}

/**
 * Fetches one page of the stories that a person owns, in rank order.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchMyStories(
  http: Http,
  server: string,
  headers: Headers,
  me: Person,
  { start, pageSize }: Page,
): Promise<Stories> {
  const url = new URL(`${server}/slm/webservice/v2.0/hierarchicalrequirement`);
  url.search = new URLSearchParams({
    query: `(Owner = "/user/${me.id}")`, // by reference: no text of a user's reaches the query
    order: 'Rank,ObjectID', // without ObjectID last, pages overlap (Rally's .NET and Java toolkits)
    fetch: FETCHED, // fetch=true is discouraged (Broadcom KB 125586)
    start: String(start),
    pagesize: String(pageSize),
  }).toString();
  const { QueryResult: result } = await read(QueryResult, await http.get(url, headers));
  refuseErrors(result.Errors);
  return {
    // Never more than were asked for, so that one answer's work is bounded.
    stories: z
      .array(StoryRow)
      .parse(result.Results.slice(0, pageSize))
      .map((row) => ({
        formattedId: row.FormattedID,
        name: row.Name,
        scheduleState: row.ScheduleState,
        planEstimate: row.PlanEstimate,
        iteration: row.Iteration?._refObjectName,
        project: row.Project?._refObjectName,
        blocked: row.Blocked,
        // Built from the id: `_ref` is the API's address, and a host named in a body is not trusted.
        url:
          row.ObjectID === undefined ? undefined : `${server}/#/detail/userstory/${row.ObjectID}`,
      })),
    total: result.TotalResultCount,
    warnings: result.Warnings,
  };
}

async function read<Shape extends z.ZodType>(
  shape: Shape,
  answer: ProviderAnswer,
): Promise<z.infer<Shape>> {
  const value = await readJson(requireSuccess(answer));
  const failure = Failure.safeParse(value);
  if (failure.success) refuseErrors(failure.data.OperationResult.Errors);
  const result = shape.safeParse(value);
  if (!result.success) throw unexpectedAnswer(answer);
  return result.data;
}

/** Status 200 does not mean success: a query that does not parse is a 200 with Errors. */
function refuseErrors(errors: readonly string[]): void {
  if (errors.length > 0) throw new ApiError(errors);
}
