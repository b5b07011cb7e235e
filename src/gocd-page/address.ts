// What the address of /gocd says: everything that can be chosen there, so that it can be sent to
// somebody, and the back button works.
import { BadParameterError } from '../errors.js';

export const STATUSES = ['failed', 'building', 'passed', 'other'] as const;

export type StatusFilter = (typeof STATUSES)[number];

export interface Address {
  /** Pipelines whose name has this in it, in whatever case. */
  readonly text: string;
  readonly status: StatusFilter | undefined;
  /** From 1. */
  readonly page: number;
}

const LONGEST_TEXT = 100;

/** @throws {BadParameterError} for a value that no link or form of the page makes */
export function readAddress(query: Readonly<Record<string, unknown>>): Address {
  return {
    text: readText(query['text'] ?? ''),
    status: readStatus(query['status'] ?? ''),
    page: readPage(query['page'] ?? '1'),
  };
}

/** The address of a choice; what is not chosen is left out. */
export function addressOf({ text, status, page }: Partial<Address>): string {
  const query = new URLSearchParams({
    ...(text && { text }),
    ...(status && { status }),
    ...(page !== undefined && page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? '/gocd' : `/gocd?${query.toString()}`;
}

function readText(value: unknown): string {
  if (typeof value === 'string' && value.length <= LONGEST_TEXT) return value.trim();
  throw new BadParameterError('text', `one text of at most ${LONGEST_TEXT} characters`);
}

function readStatus(value: unknown): StatusFilter | undefined {
  if (value === '') return undefined;
  const status = STATUSES.find((known) => known === value);
  if (status) return status;
  throw new BadParameterError('status', `one of ${STATUSES.join(', ')}`);
}

function readPage(value: unknown): number {
  if (typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new BadParameterError('page', 'a whole number from 1');
}
