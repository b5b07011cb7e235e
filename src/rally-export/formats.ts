import type { Artifact } from '../providers/rally-artifacts.js';
import type { Column } from './columns.js';
import { BYTE_ORDER_MARK, csvRecord } from './csv.js';

/**
 * How an export is written. Rows can be counted as they come: there is one end of a line more than
 * rows, if one leaves out those within the quotes of CSV.
 */
export interface Format {
  /** As in the address. */
  readonly extension: 'csv' | 'json';
  readonly head: (columns: readonly Column[]) => string;
  readonly row: (columns: readonly Column[], artifact: Artifact, isFirst: boolean) => string;
  readonly foot: string;
}

export const CSV: Format = {
  extension: 'csv',
  head: (columns) => BYTE_ORDER_MARK + csvRecord(columns.map(({ name }) => name)),
  row: (columns, artifact) => csvRecord(columns.map(({ cell }) => cell(artifact))),
  foot: '',
};

/** One array, as an object a row. */
export const JSON_ARRAY: Format = {
  extension: 'json',
  head: () => '[',
  row: (columns, artifact, isFirst) => {
    const row = Object.fromEntries(columns.map(({ name, cell }) => [name, cell(artifact)]));
    return `${isFirst ? '\n' : ',\n'}${JSON.stringify(row)}`;
  },
  foot: '\n]',
};
