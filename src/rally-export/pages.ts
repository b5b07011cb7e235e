// All rows of a result, page after page: several pages are asked for at once, and none is left out.
import { UpstreamError } from '../http/upstream-error.js';
import type { Artifact, Artifacts } from '../providers/rally-artifacts.js';
import type { Page } from '../providers/rally-work.js';

/** The most that WSAPI gives at once. */
export const FIRST_PAGE: Page = { start: 1, pageSize: 2000 };

/** They leave a third of a person's requests to Rally for their other pages. */
const PAGES_AHEAD = 8;

/**
 * SECURITY.md E8: browsers that read slowly must not fill our memory. So many rows may be under way, or wait
 * for their turn, for all exports of this process. Each export may always fetch one page ahead, even when
 * this limit is used up.
 */
const ROWS_AHEAD_OF_ALL = 16_000;

let rowsAheadOfAll = 0;

/** A server that does not know `start` would give the same rows for ever, or one at a time. */
const MOST_ROWS = 1_000_000;
const MOST_PAGES = 5_000;

interface Stretch {
  readonly rows: readonly Artifact[];
  /** Nothing comes after it. */
  readonly isLast: boolean;
}

/**
 * Hands out the rows in their order. It goes on when it is asked for more, and not before.
 *
 * @param first the page at {@link FIRST_PAGE}
 * @param fetchPage of which several may be under way
 * @throws what `fetchPage` throws, when the rows before that page have been handed out
 */
export async function* rowsOf(
  first: Artifacts,
  fetchPage: (page: Page) => Promise<Artifacts>,
): AsyncGenerator<readonly Artifact[]> {
  const pageSize = first.artifacts.length; // a server may give fewer than it is asked for
  let { total } = first;
  let pages = 1;
  let start = pageSize + 1;
  const ahead: Promise<Stretch>[] = [];
  const mayAskMore = () =>
    start <= total && ahead.length < PAGES_AHEAD && rowsAheadOfAll + pageSize <= ROWS_AHEAD_OF_ALL;
  const askAhead = () => {
    // What the total does not promise may be there all the same: that is asked for page by page.
    while (ahead.length === 0 || mayAskMore()) {
      const stretch = fetchStretch({ start, pageSize });
      stretch.catch(() => undefined); // it is looked at in its turn
      ahead.push(stretch);
      rowsAheadOfAll += pageSize;
      start += pageSize;
    }
  };

  /** A page, and what is missing of it when fewer rows came than were asked for. */
  const fetchStretch = async ({ start, pageSize }: Page): Promise<Stretch> => {
    const rows: Artifact[] = [];
    while (rows.length < pageSize) {
      const rest = { start: start + rows.length, pageSize: pageSize - rows.length };
      if (rest.start > MOST_ROWS || pages++ > MOST_PAGES)
        throw new UpstreamError('too_large', 'the list has no end');
      const page = await fetchPage(rest);
      rows.push(...page.artifacts);
      total = page.total;
      if (isEnd(page, start - 1 + rows.length)) return { rows, isLast: true };
    }
    return { rows, isLast: false };
  };

  let stretch: Stretch = { rows: first.artifacts, isLast: isEnd(first, pageSize) };
  try {
    while (!stretch.isLast) {
      askAhead(); // so that the next rows come while these are written
      yield stretch.rows;
      rowsAheadOfAll -= pageSize;
      stretch = (await ahead.shift()) ?? { rows: [], isLast: true };
    }
    yield stretch.rows;
  } finally {
    rowsAheadOfAll -= ahead.length * pageSize; // or ended exports block all others
  }
}

/**
 * An empty page ends the list whatever the total says: it may count what one cannot see.
 *
 * @param count how many rows there are up to the end of this page
 */
function isEnd({ artifacts, total }: Artifacts, count: number): boolean {
  return artifacts.length === 0 || count === total;
}
