// What stands in WSAPI's answers, field by field. A value that is not of the kind that its field has
// counts as none: one odd value of one row must not hide the others. Plain functions, for an export
// reads tens of thousands of rows, and a schema would take a third of its time.
import { inspect } from 'node:util';

/** An object of an answer, by the names of its fields. */
export type Fields = Readonly<Record<string, unknown>>;

const MOST_TEXTS = 20;
const LONGEST_TEXT = 2000;

const DATE_TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

export function fieldsOf(value: unknown): Fields | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : undefined;
}

/** What goes into a page. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? shown(value) : undefined;
}

/** A text that says something. */
export function wordsOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text === '' ? undefined : text;
}

/** Texts of an envelope. What is not a text is shown all the same: an error must not be overlooked. */
export function textsOf(value: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list
    .slice(0, MOST_TEXTS)
    .map((each) => shown(typeof each === 'string' ? each : inspect(each)));
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** ObjectIDs have been seen as strings (a user fixture of 2013), so both are taken. */
export function objectIdOf(value: unknown): number | undefined {
  const id = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

/** A count, as a number or in digits; 0 where there is none. */
export function countOf(value: unknown): number {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

/** A point in time, in ISO 8601. */
export function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return undefined;
  const date = new Date(value);
  // A day that is none, as 30 February, would become one of the next month.
  const day = new Date(value.slice(0, 10)).getUTCDate();
  return day !== Number(value.slice(8, 10)) || Number.isNaN(date.getTime()) ? undefined : date;
}

function shown(text: string): string {
  // Copied when it is cut: a slice would keep all of it in memory.
  return text.length <= LONGEST_TEXT ? text : Buffer.from(text.slice(0, LONGEST_TEXT)).toString();
}
