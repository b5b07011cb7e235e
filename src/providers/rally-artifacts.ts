// A person's stories, defects or tasks. WSAPI's word for all three is artifact.
import { setImmediate as giveWay } from 'node:timers/promises';
import { z } from 'zod';
import type { Person } from './provider.js';
import { orderOf, queryOf, scopeOf } from './rally-query.js';
import { WORK, type Page, type View } from './rally-work.js';
import { fetchRows, objectId, text, wsapiUrl, type Wsapi } from './rally-wsapi.js';

export interface Artifact {
  readonly formattedId: string;
  readonly name: string;
  readonly state: string;
  /** In points; of a task in hours. */
  readonly estimate: number | undefined;
  readonly iteration: string | undefined;
  readonly project: { readonly id: number | undefined; readonly name: string } | undefined;
  readonly isBlocked: boolean;
  readonly blockedReason: string | undefined;
  readonly updatedAt: Date | undefined;
  /** Rally's own page of it; it has no other address in the API's answers. */
  readonly url: string | undefined;
}

export interface Artifacts {
  readonly artifacts: readonly Artifact[];
  /** As Rally says: it may count some that the person cannot see. */
  readonly total: number;
  readonly warnings: readonly string[];
  /** What was asked, in WSAPI's language. */
  readonly query: string;
  /** The whole address that was asked. */
  readonly url: string;
}

/** Some milliseconds of work; others have their turn in between. A page of an export has 1,000. */
const ROWS_AT_ONCE = 200;

const optionalText = text.pipe(z.string().min(1)).optional().catch(undefined);
const reference = z.object({
  _refObjectName: text,
  ObjectID: objectId.optional().catch(undefined),
});

// Odd values of one row must not hide the others: each field falls back by itself.
const Row = z
  .object({
    ObjectID: objectId.optional().catch(undefined),
    FormattedID: text.catch('?'),
    Name: text.catch('(no name)'),
    ScheduleState: optionalText,
    State: optionalText,
    PlanEstimate: z.number().optional().catch(undefined),
    Estimate: z.number().optional().catch(undefined),
    Iteration: reference.optional().catch(undefined),
    Project: reference.optional().catch(undefined),
    Blocked: z.boolean().catch(false),
    BlockedReason: optionalText,
    LastUpdateDate: z.iso.datetime({ offset: true }).optional().catch(undefined),
  })
  .catch({ FormattedID: '?', Name: '(no name)', Blocked: false });

/**
 * Fetches one page of the work that a person owns.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchArtifacts(
  wsapi: Wsapi,
  me: Person,
  view: View,
  { start, pageSize }: Page,
): Promise<Artifacts> {
  const { path, detailPath, stateField, estimateField } = WORK[view.type];
  const query = queryOf(view, me);
  const url = wsapiUrl(wsapi, path, {
    query,
    order: orderOf(view),
    // fetch=true is discouraged (Broadcom KB 125586)
    fetch: `ObjectID,FormattedID,Name,${stateField},${estimateField},Iteration,Project,Blocked,BlockedReason,LastUpdateDate`,
    start: String(start),
    pagesize: String(pageSize),
    ...scopeOf(view),
  });
  const { rows, total, warnings } = await fetchRows(wsapi, url);
  const artifactOf = (row: z.infer<typeof Row>): Artifact => ({
    formattedId: row.FormattedID,
    name: row.Name,
    state: row[stateField] ?? 'Unknown',
    estimate: row[estimateField],
    iteration: row.Iteration?._refObjectName,
    project: row.Project && { id: row.Project.ObjectID, name: row.Project._refObjectName },
    isBlocked: row.Blocked,
    blockedReason: row.BlockedReason,
    updatedAt: row.LastUpdateDate === undefined ? undefined : new Date(row.LastUpdateDate),
    // Built from the id: `_ref` is the API's address, and a host named in a body is not trusted.
    url:
      row.ObjectID === undefined
        ? undefined
        : `${wsapi.server}/#/detail/${detailPath}/${row.ObjectID}`,
  });
  const artifacts: Artifact[] = [];
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await giveWay();
    artifacts.push(artifactOf(Row.parse(row)));
  }
  return { artifacts, total, warnings, query, url: url.href };
}

/**
 * Counts the work of a view without fetching it: a page of one row has the total, too (rally-node#27).
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function countArtifacts(wsapi: Wsapi, me: Person, view: View): Promise<number> {
  const url = wsapiUrl(wsapi, WORK[view.type].path, {
    query: queryOf(view, me),
    fetch: 'ObjectID',
    pagesize: '1',
    ...scopeOf(view),
  });
  return (await fetchRows(wsapi, url)).total;
}
