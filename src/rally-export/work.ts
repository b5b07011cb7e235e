import type { Request, Response } from 'express';
import { maskText } from '../mask.js';
import { fetchArtifacts, type Artifact } from '../providers/rally-artifacts.js';
import type { View } from '../providers/rally-work.js';
import type { Rally } from '../providers/rally.js';
import { goOnWithConnection } from '../with-connection.js';
import { withPerson } from '../with-person.js';
import { FIRST_PAGE, rowsOf } from './pages.js';
import { onceMore } from './retry.js';
import { beginExport } from './under-way.js';

export interface AllWork {
  /** As Rally says: it may count some that the person cannot see. */
  readonly total: number;
  readonly rows: AsyncGenerator<readonly Artifact[]>;
}

/**
 * Finds all of a person's work in a view. The first page is fetched at once, as for a page of ours:
 * what can be wrong with the connection or the view shows here.
 *
 * @returns the rows; each page after the first has its own time, is tried twice, and renews the token
 *   where that must be, as often as its life is shorter than the export
 * @throws {TooManyExportsError | NotConnectedError | ConnectionLostError | NotAllowedError | ApiError | UpstreamError}
 */
export async function findAllWork(
  request: Request,
  response: Response,
  provider: Rally,
  view: View,
): Promise<AllWork> {
  return withPerson(request, provider, async (begun, me) => {
    beginExport(response, me.id);
    const first = await fetchArtifacts(
      provider.wsapi(request.upstream, begun),
      me,
      view,
      FIRST_PAGE,
    );
    if (first.warnings.length > 0) {
      // The page shows them; a file has no place for them.
      request.log.warn(
        { warnings: first.warnings.map((each) => maskText(each)) },
        'Rally warns of an export',
      );
    }
    const rows = rowsOf(first, (page) => {
      const upstream = request.upstream.withOwnTime();
      return goOnWithConnection(request, upstream, provider, begun, (connection) =>
        onceMore(() => fetchArtifacts(provider.wsapi(upstream, connection), me, view, page)),
      );
    });
    return { total: first.total, rows };
  });
}
