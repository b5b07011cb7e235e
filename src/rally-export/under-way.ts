import type { Response } from 'express';
import { TooManyExportsError } from '../errors.js';

/** Each holds two pages or more while its browser reads, or does not: some megabytes. */
const MOST_OF_ONE_PERSON = 4; // SECURITY.md E8: one user cannot take all of them
const MOST_OF_ALL = 20;

const underWay = new Map<Response, number>();

/**
 * Counts an export until its browser has it, or has left.
 *
 * @param person by Rally's number
 * @throws {TooManyExportsError} when too many are under way in this process
 */
export function beginExport(response: Response, person: number): void {
  if (underWay.has(response)) return; // the same one, with a new token
  const own = [...underWay.values()].filter((each) => each === person).length;
  if (own >= MOST_OF_ONE_PERSON || underWay.size >= MOST_OF_ALL) {
    throw new TooManyExportsError('too many exports are under way');
  }
  underWay.set(response, person);
  response.once('close', () => underWay.delete(response));
}
