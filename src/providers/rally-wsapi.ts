// Rally's Web Services API v2.0: how it is asked, and the envelopes of its answers.
import { inspect } from 'node:util';
import { z } from 'zod';
import type { Http } from '../http.js';
import { unexpectedAnswer } from '../http/upstream-error.js';
import { beginningOf, maskSent } from '../mask.js';
import { readJson } from './json-answer.js';
import { ApiError, requireSuccess, type Credential } from './provider.js';

/** The API, as somebody whose credential is in the headers. */
export interface Wsapi {
  readonly http: Http;
  readonly server: string;
  readonly by: Credential;
  readonly headers: Record<string, string>;
}

export interface Rows {
  /** As they came; never more than were asked for, so that one answer's work is bounded. */
  readonly rows: readonly unknown[];
  /** How many there are in all, as Rally says: it may count some that the person cannot see. */
  readonly total: number;
  readonly warnings: readonly string[];
}

/**
 * "Rate limit each user to a maximum of 12 simultaneous requests. Exceeding 12 will result in a
 * slowdown" (Broadcom KB 95713): of a person, in whatever session or tab.
 */
const MOST_AT_ONCE = 12;

const MOST_TEXTS = 20;
const LONGEST_TEXT = 2000;

/** So much of a text is searched for secrets: of 20 MB it would take seconds, for everybody. */
const LONGEST_SEARCHED = 10 * LONGEST_TEXT;

/** What goes into a page. Rally may repeat the token anywhere. */
export const text = z.string().transform((value) => {
  const masked = maskSent(beginningOf(value, LONGEST_SEARCHED));
  // Copied when it is cut: a slice would keep all of it in memory.
  return masked.length <= LONGEST_TEXT ? masked : copyOf(masked.slice(0, LONGEST_TEXT));
});

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** Texts of an envelope. What is not a text is shown all the same: an error must not be overlooked. */
export const texts = z
  .unknown()
  .optional()
  .transform((value): string[] => {
    const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return list
      .slice(0, MOST_TEXTS)
      .map((each) => text.parse(typeof each === 'string' ? each : inspect(each)));
  });

// ObjectIDs have been seen as strings (a user fixture of 2013), so both are taken.
export const objectId = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().int().positive());

const QueryResult = z.object({
  QueryResult: z.object({
    Errors: texts,
    Warnings: texts,
    TotalResultCount: z.coerce.number().int().nonnegative().catch(0),
    Results: z.array(z.unknown()),
  }),
});

/** `{"OperationResult":{"Errors":[…]}}` with status 200 is how WSAPI says no to anything. */
const Failure = z.object({ OperationResult: z.object({ Errors: texts }) });

/** The address of a request: it holds no credential, and may be shown. */
export function wsapiUrl(
  { server }: Wsapi,
  path: string,
  parameters: Readonly<Record<string, string>>,
): URL {
  const url = new URL(`${server}/slm/webservice/v2.0/${path}`);
  url.search = new URLSearchParams(parameters).toString();
  return url;
}

/**
 * Asks for one page of a query.
 *
 * @param url from {@link wsapiUrl}, with `pagesize`
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchRows(wsapi: Wsapi, url: URL): Promise<Rows> {
  const { QueryResult: result } = await fetchEnvelope(wsapi, url, QueryResult);
  refuseErrors(result.Errors);
  return {
    rows: result.Results.slice(0, Number(url.searchParams.get('pagesize'))),
    total: result.TotalResultCount,
    warnings: result.Warnings,
  };
}

/** @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError} */
export async function fetchEnvelope<Shape extends z.ZodType>(
  { http, headers, by }: Wsapi,
  url: URL,
  shape: Shape,
): Promise<z.infer<Shape>> {
  const line = { of: String(by.person?.id ?? by.accessToken), atOnce: MOST_AT_ONCE };
  const answer = requireSuccess(await http.get(url, headers, line));
  const value = await readJson(answer);
  const failure = Failure.safeParse(value);
  if (failure.success) refuseErrors(failure.data.OperationResult.Errors);
  const result = shape.safeParse(value);
  if (!result.success) throw unexpectedAnswer(answer);
  return result.data;
}

/** Status 200 does not mean success: a query that does not parse is a 200 with Errors. */
export function refuseErrors(errors: readonly string[]): void {
  if (errors.length > 0) throw new ApiError(errors);
}
