// A person's stories, defects or tasks. WSAPI's word for all three is artifact.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Person } from './provider.js';
import { dateOf, fieldsOf, numberOf, objectIdOf, textOf, wordsOf } from './rally-fields.js';
import { orderOf, queryOf, scopeOf } from './rally-query.js';
import { WORK, type Page, type View, type WorkType } from './rally-work.js';
import { fetchRows, wsapiUrl, type Wsapi } from './rally-wsapi.js';

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

/** Some milliseconds of work; others have their turn in between. A page of an export has 2,000. */
const ROWS_AT_ONCE = 200;

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
  const { path, stateField, estimateField } = WORK[view.type];
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
  const artifacts: Artifact[] = [];
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await giveWay();
    artifacts.push(artifactOf(row, view.type, wsapi.server));
  }
  return { artifacts, total, warnings, query, url: url.href };
}

function artifactOf(row: unknown, type: WorkType, server: string): Artifact {
  const { detailPath, stateField, estimateField } = WORK[type];
  const fields = fieldsOf(row) ?? {};
  const id = objectIdOf(fields['ObjectID']);
  const project = fieldsOf(fields['Project']);
  const projectName = textOf(project?.['_refObjectName']);
  return {
    formattedId: textOf(fields['FormattedID']) ?? '?',
    name: textOf(fields['Name']) ?? '(no name)',
    state: wordsOf(fields[stateField]) ?? 'Unknown',
    estimate: numberOf(fields[estimateField]),
    iteration: textOf(fieldsOf(fields['Iteration'])?.['_refObjectName']),
    project:
      projectName === undefined
        ? undefined
        : { id: objectIdOf(project?.['ObjectID']), name: projectName },
    isBlocked: fields['Blocked'] === true,
    blockedReason: wordsOf(fields['BlockedReason']),
    updatedAt: dateOf(fields['LastUpdateDate']),
    // Built from the id: `_ref` is the API's address, and a host named in a body is not trusted.
    url: id === undefined ? undefined : `${server}/#/detail/${detailPath}/${id}`,
  };
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
