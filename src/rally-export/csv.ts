// RFC 4180, for programs and for people with a spreadsheet.
import type { Cell } from './columns.js';

/** Without it Excel takes UTF-8 for something else. */
export const BYTE_ORDER_MARK = '\uFEFF';

/**
 * What a spreadsheet would take for a formula: somebody who may name a story could run commands on the
 * machine of whoever opens the file (OWASP ASVS 5.0, V1.2.10). Programs differ in what they skip before
 * the sign, and some know its full-width forms.
 */
const FORMULA = /^(?:[\0\t\r\n]|[\s\p{C}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u;

/**
 * The same after what another separator than ours, or a broken quote, makes the beginning of a cell: half
 * of Europe's spreadsheets part cells at semicolons, and quotes within such a cell are letters.
 */
const FORMULA_WITHIN = /[;\t\r\n][\s\p{C}]*(?=([=+\-@＝＋－＠﹦﹢﹣﹫])?)/gu;

/** What would not end where the cell does; a semicolon is Excel's comma in half of Europe. */
const NEEDS_QUOTES = /[",;\t\r\n]|^\s|\s$/;

/** Nothing that any of these is about. Most cells are like this, and an export has a million of them. */
const PLAIN = /^\w(?:[\w .:/#-]*\w)?$/;

/** @returns one record, with its end */
export function csvRecord(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell ?? ''); // a number below zero is no formula
  if (PLAIN.test(cell)) return cell;
  const within = cell.replace(FORMULA_WITHIN, (run, sign?: string) =>
    sign
      ? // SECURITY.md E7: a spreadsheet with another separator begins a cell here.
        `${run}'`
      : run,
  );
  const safe = FORMULA.test(cell)
    ? // SECURITY.md E7: a formula can run commands where the file is opened (ASVS V1.2.10).
      `'${within}`
    : within;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
