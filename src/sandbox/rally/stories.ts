import type { RallyPerson } from './people.js';

/** A user story ("hierarchical requirement") as WSAPI names its fields. */
export interface SandboxStory {
  readonly ObjectID: number;
  readonly FormattedID: string;
  readonly Name: string;
  readonly ScheduleState: string;
  readonly PlanEstimate: number | null;
  readonly Blocked: boolean;
  readonly BlockedReason: string | null;
  readonly Rank: number;
  readonly Owner: Reference | null;
  readonly Iteration: Reference | null;
  readonly Project: Reference;
  readonly LastUpdateDate: string;
}

/** Another object, as it stands in a field. `path` is below `/slm/webservice/v2.0`. */
export interface Reference {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** Of a person: WSAPI finds objects by it, and does not show it. */
  readonly userName?: string;
}

const WHAT = [
  'Barn door sensor',
  'Feed schedule',
  'Milk yield chart',
  'Fence alarm',
  'Weather import',
  'Tractor diary',
  'Egg count',
  'Pasture map',
];
const DEED = [
  'shows yesterday’s values',
  'keeps its place after a reload',
  'warns before it is too late',
  'exports to a spreadsheet',
  'works without a network',
  'handles "quotes" & <angle brackets>',
  'sorts by date',
];
const STATES = ['Defined', 'In-Progress', 'Completed', 'Accepted'];
const ESTIMATES = [1, 2, 3, 5, 8, 13, null];

/**
 * Makes stories; the same ones for the same number.
 *
 * @param count how many
 * @param people their owners: nearly all are the first Rally person's, some nobody's, some the
 *   administrator's, none the newcomer's
 */
export function createStories(count: number, people: readonly RallyPerson[]): SandboxStory[] {
  const [first, administrator] = people;
  return Array.from({ length: count }, (_, index) => {
    const owner = index % 16 === 15 ? null : index % 16 === 7 ? administrator : first;
    const iteration = Math.floor(index / 12) % 5;
    const isBlocked = index % 11 === 4;
    return {
      ObjectID: 81001 + index,
      FormattedID: `US${index + 1}`,
      Name: `${pick(WHAT, index)} ${pick(DEED, Math.floor(index / WHAT.length) + index)}`,
      ScheduleState: pick(STATES, Math.floor(index / 3)),
      PlanEstimate: pick(ESTIMATES, index * 3),
      Blocked: isBlocked,
      BlockedReason: isBlocked ? 'Waiting for the sensor supplier' : null,
      Rank: index,
      Owner: owner
        ? {
            path: `/user/${owner.objectId}`,
            name: owner.displayName,
            type: 'User',
            userName: owner.userName,
          }
        : null,
      Iteration:
        iteration === 4
          ? null
          : {
              path: `/iteration/${92001 + iteration}`,
              name: `Sprint ${iteration + 1}`,
              type: 'Iteration',
            },
      Project:
        index % 2 === 0
          ? { path: '/project/60001', name: 'Barn', type: 'Project' }
          : { path: '/project/60002', name: 'Field', type: 'Project' },
      LastUpdateDate: new Date(Date.UTC(2026, 0, 1) + index * 3_600_000).toISOString(),
    };
  });
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
