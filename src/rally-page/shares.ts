import type { Artifact } from '../providers/rally-artifacts.js';
import { WORK } from '../providers/rally-work.js';
import { addressOf, type Address } from './address.js';

/** One state's part of what the page shows: a piece of a bar that is 100 long. */
export interface Share {
  readonly state: string;
  /** Which step of the way it is, from 0; `other` for a state that a workspace has added. */
  readonly step: number | 'other';
  readonly count: number;
  /** Points, or hours. */
  readonly estimate: number;
  readonly from: number;
  readonly width: number;
  /** The list of this state alone. */
  readonly href: string;
}

/** Points by state over what is shown, in the order in which work goes through the states. */
export function sharesOf(address: Address, artifacts: readonly Artifact[]) {
  const known: readonly string[] = WORK[address.type].states;
  const seen = new Set(artifacts.map(({ state }) => state));
  const total = sum(artifacts);
  let from = 0;
  const shares = [...known, ...[...seen].filter((state) => !known.includes(state)).sort()]
    .filter((state) => seen.has(state))
    .map((state): Share => {
      const inState = artifacts.filter((artifact) => artifact.state === state);
      const estimate = sum(inState);
      const width = total > 0 ? (100 * estimate) / total : 0;
      from += width;
      return {
        state,
        step: known.includes(state) ? known.indexOf(state) : 'other',
        count: inState.length,
        estimate,
        from: from - width,
        width,
        href: addressOf('/rally', { ...address, state, page: 1 }),
      };
    });
  const unestimated = artifacts.filter(({ estimate }) => estimate === undefined).length;
  return { shares, total, unestimated };
}

/** To the hundredth: 0.1 and 0.2 are 0.3 here. A negative estimate has no length. */
function sum(artifacts: readonly Artifact[]): number {
  const whole = artifacts.reduce((total, { estimate = 0 }) => total + Math.max(0, estimate), 0);
  return Math.round(whole * 100) / 100;
}
