import { SORT_KEYS, WORK, type SortKey, type WorkType } from '../providers/rally-work.js';
import { addressOf, type Address } from './address.js';

/** Where the first click should put the largest, the latest or the blocked on top. */
const DESCENDING_FIRST: readonly SortKey[] = ['estimate', 'blocked', 'updated'];

export function labelOf(key: SortKey, type: WorkType): string {
  const labels: Record<SortKey, string> = {
    rank: 'Rank',
    id: 'ID',
    name: 'Name',
    state: WORK[type].stateField === 'ScheduleState' ? 'Schedule state' : 'State',
    estimate: WORK[type].unit === 'hours' ? 'Estimate, hours' : 'Plan estimate',
    iteration: 'Iteration',
    project: 'Project',
    blocked: 'Blocked',
    updated: 'Updated',
  };
  return labels[key];
}

/** The columns from left to right, each with the address of the list sorted by it. */
export function columnsOf(address: Address) {
  return SORT_KEYS.filter((key) => key !== 'rank').map((key) => {
    const [first, second] = DESCENDING_FIRST.includes(key)
      ? ([`-${key}`, key] as const)
      : ([key, `-${key}`] as const);
    const sort = address.sort === first ? second : first;
    return {
      key,
      label: labelOf(key, address.type),
      href: addressOf('/rally', { ...address, sort, page: 1 }),
      sorted:
        address.sort === key ? 'ascending' : address.sort === `-${key}` ? 'descending' : undefined,
    };
  });
}

/** All the ways to sort, for a chooser. */
export function sortsOf(type: WorkType) {
  return SORT_KEYS.flatMap((key) => [
    { value: key, label: labelOf(key, type) },
    { value: `-${key}`, label: `${labelOf(key, type)}, descending` },
  ]);
}

/** `in rank order`, or `sorted by Name, descending` */
export function orderInWords({ sort, type }: Address): string {
  const key = (sort.startsWith('-') ? sort.slice(1) : sort) as SortKey;
  if (sort === 'rank') return 'in rank order';
  return `sorted by ${labelOf(key, type)}${sort === key ? '' : ', descending'}`;
}
