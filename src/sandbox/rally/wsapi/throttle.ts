import type { RequestHandler } from 'express';
import { callerIn } from './authenticate.js';
import type { RallyPerson } from '../people.js';

// "rate limit each user to a maximum of 12 simultaneous requests. Exceeding 12 will result in a
// slowdown" (Broadcom KB 95713). By how much is not said.
const MOST_AT_ONCE = 12;
const SLOWDOWN_MS = 250;

/** Slows down, and never refuses, what one person asks beyond twelve requests at once. */
export function throttle(): RequestHandler {
  const underWay = new Map<RallyPerson, number>();
  return (_request, response, next) => {
    if (response.destroyed) return; // it left before its turn: nothing would count it down again
    const { person } = callerIn(response);
    const count = (underWay.get(person) ?? 0) + 1;
    underWay.set(person, count);
    let timer: NodeJS.Timeout | undefined;
    response.on('close', () => {
      clearTimeout(timer);
      underWay.set(person, (underWay.get(person) ?? 1) - 1);
    });
    if (count <= MOST_AT_ONCE) next();
    else timer = setTimeout(next, SLOWDOWN_MS);
  };
}
