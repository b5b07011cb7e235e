import { setImmediate as giveWay } from 'node:timers/promises';
import type { Artifact } from '../providers/rally-artifacts.js';
import type { Column } from './columns.js';
import type { Format } from './formats.js';

/** Some milliseconds of work; others have their turn in between. */
const ROWS_AT_ONCE = 200;

/** Writes rows in a format, some at a time. */
export async function* textOf(
  { head, row, foot }: Format,
  columns: readonly Column[],
  pages: AsyncIterable<readonly Artifact[]>,
): AsyncGenerator<string> {
  yield head(columns);
  let isFirst = true;
  for await (const page of pages) {
    for (let start = 0; start < page.length; start += ROWS_AT_ONCE) {
      let text = '';
      for (const artifact of page.slice(start, start + ROWS_AT_ONCE)) {
        text += row(columns, artifact, isFirst);
        isFirst = false;
      }
      yield text;
      await giveWay();
    }
  }
  yield foot;
}
