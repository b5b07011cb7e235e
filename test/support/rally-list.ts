import type { IncomingMessage } from 'node:http';
import { json, type Answer } from './stub-provider.js';

// A stub's list of stories, which keeps to WSAPI's rules except where a test says otherwise.

export const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';

export interface ListOptions {
  /** How many there are. */
  readonly count: number;
  /** The most that one page gives. */
  readonly cap?: number;
  /** What TotalResultCount says, if not the truth. */
  readonly total?: unknown;
  /** Fields of each, besides its ids. */
  readonly row?: (index: number) => object;
  /** Answers in place of the list; undefined lets the list answer. */
  readonly instead?: (start: number, request: IncomingMessage) => Answer | undefined;
}

export interface List {
  readonly answer: Answer;
  /** The `start` of each page that was asked for. */
  readonly asked: number[];
}

export function listOf({ count, cap = 2000, total = count, row, instead }: ListOptions): List {
  const asked: number[] = [];
  const answer: Answer = (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://stub');
    const start = Number(searchParams.get('start'));
    asked.push(start);
    const pageSize = Math.min(cap, Number(searchParams.get('pagesize')));
    const length = Math.max(0, Math.min(pageSize, count - start + 1));
    const rows = Array.from({ length }, (_, offset) => ({
      ObjectID: start + offset,
      FormattedID: `US${start + offset}`,
      Name: 'a story',
      ...row?.(start + offset),
    }));
    const result = { Errors: [], Warnings: [], TotalResultCount: total, Results: rows };
    (instead?.(start, request) ?? json({ QueryResult: result }))(request, response);
  };
  return { answer, asked };
}
