// Rally's Web Services API v2.0: how it is asked, and the envelopes of its answers.
import type { Upstream } from '../http/upstream.js';
import { unexpectedAnswer } from '../http/upstream-error.js';
import { readJson } from './json-answer.js';
import { ApiError, requireSuccess, type Credential } from './provider.js';
import { countOf, fieldsOf, textsOf, type Fields } from './rally-fields.js';

/** The API, as somebody whose credential is in the headers. */
export interface Wsapi {
  readonly upstream: Pick<Upstream, 'get'>;
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
 * SECURITY.md E8: "Rate limit each user to a maximum of 12 simultaneous requests. Exceeding 12 will
 * result in a slowdown" (Broadcom KB 95713): of a user, over all sessions and tabs.
 */
const MOST_AT_ONCE = 12;

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
  return fetchEnvelope(wsapi, url, 'QueryResult', ({ Results, TotalResultCount, Warnings }) => {
    if (!Array.isArray(Results)) return undefined;
    return {
      // SECURITY.md E3: never more than a page has.
      rows: Results.slice(0, Number(url.searchParams.get('pagesize'))),
      total: countOf(TotalResultCount),
      warnings: textsOf(Warnings),
    };
  });
}

/**
 * Asks for anything.
 *
 * @param name of the envelope that the answer comes in
 * @param read gives what stands in it; undefined when that is not there
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchEnvelope<Result>(
  { upstream, headers, by }: Wsapi,
  url: URL,
  name: 'QueryResult' | 'User',
  read: (envelope: Fields) => Result | undefined,
): Promise<Result> {
  const queue = { name: String(by.person?.id ?? by.accessToken), atOnce: MOST_AT_ONCE };
  const answer = requireSuccess(await upstream.get(url, headers, queue));
  const { OperationResult: failure, [name]: success } = fieldsOf(await readJson(answer)) ?? {};
  const envelope = fieldsOf(success);
  // Status 200 does not mean success. WSAPI says no with `{"OperationResult":{"Errors":[…]}}`, and to a
  // query that does not parse with Errors in the usual envelope.
  refuseErrors(fieldsOf(failure));
  refuseErrors(envelope);
  const result = envelope && read(envelope);
  if (result === undefined) throw unexpectedAnswer(answer);
  return result;
}

function refuseErrors({ Errors }: Fields = {}): void {
  const errors = textsOf(Errors);
  // SECURITY.md E5: errors are not an empty list.
  if (errors.length > 0) throw new ApiError(errors);
}
