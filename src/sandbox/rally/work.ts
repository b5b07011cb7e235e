// What people at Rally work on: the same for the same numbers on the same day.
import { WsapiObject, type Objects, type Value } from './objects.js';
import { DAY, type Place } from './organization.js';
import type { TypeName } from './schema.js';

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
const FAULT = [
  'counts the first cow twice',
  'loses the last row of an export',
  'is empty on Sundays',
  'shows &nbsp; in place of a space',
];
const STEP = ['Write the tests', 'Build it', 'Try it in the barn', 'Tell the farmers'];
const STATES = ['Defined', 'In-Progress', 'Completed', 'Accepted'];
const ESTIMATES = [1, 2, 3, 5, 8, 13, null];
const SEVERITIES = ['Minor Problem', 'Major Problem', 'Cosmetic', 'Crash/Data Loss'];
const PRIORITIES = ['Normal', 'High Attention', 'Low', 'Resolve Immediately'];
const HOUR = DAY / 24;

/** Where the ids of a workspace's objects begin: far enough apart for a million stories. */
export interface FirstIds {
  readonly story: number;
  readonly defect: number;
  readonly task: number;
}

/** Whose work it is, and from when. */
export interface Circumstances {
  readonly objects: Objects;
  readonly subscription: WsapiObject;
  /** Nearly all is the first one's, some nobody's, some the second one's, none anybody else's. */
  readonly users: readonly WsapiObject[];
  /** Midnight UTC. */
  readonly today: number;
}

/** Makes stories, a defect for every fourth of them, and about as many tasks as stories. */
export function createWork(
  count: number,
  place: Place,
  firstIds: FirstIds,
  circumstances: Circumstances,
): void {
  const { objects } = circumstances;
  const stories: WsapiObject[] = [];
  let task = firstIds.task;
  for (let index = 0; index < count; index++) {
    const common = artifact('US', index, place, circumstances);
    // The first of sixteen stories is split into the two that follow it.
    const parent = [1, 2].includes(index % 16) ? stories[index - (index % 16)] : undefined;
    const story = add(objects, 'HierarchicalRequirement', firstIds.story + index, {
      ...common,
      Name: `${pick(WHAT, index)} ${pick(DEED, Math.floor(index / WHAT.length) + index)}`,
      Description: '<p>As a farmer I want to know it, so that I can act on it.</p>',
      Parent: parent ?? null,
      ...schedule(pick(STATES, Math.floor(index / 3)), index, circumstances.today),
    });
    stories.push(story);
    for (let step = 0; step < index % 3; step++) {
      add(objects, 'Task', task++, taskOf(story, step, index, place, circumstances));
    }
    if (index % 4 === 3) {
      const number = Math.floor(index / 4);
      add(
        objects,
        'Defect',
        firstIds.defect + number,
        defectOf(story, number, place, circumstances),
      );
    }
  }
}

type Fields = Record<string, Value>;

function add(objects: Objects, type: TypeName, objectId: number, fields: Fields): WsapiObject {
  return objects.add(new WsapiObject(type, objectId, fields));
}

/** The fields that stories, defects and tasks have alike. */
function artifact(
  prefix: string,
  index: number,
  place: Place,
  { objects, subscription, users, today }: Circumstances,
): Fields {
  const [first = null, administrator = null] = users;
  const project = projectAt(index, place);
  const created = createdAt(index, today);
  const iteration = Math.floor(index / 12) % 5; // the fifth is none: the backlog
  const isBlocked = index % 11 === 4;
  return {
    FormattedID: objects.nextFormattedId(prefix, place.workspace),
    Description: '',
    Notes: '',
    CreationDate: iso(created),
    LastUpdateDate: iso(created + (13 + (index % 15)) * DAY),
    Subscription: subscription,
    Workspace: place.workspace,
    Project: project,
    Iteration: place.iterations.get(project)?.[iteration] ?? null,
    Owner: index % 16 === 15 ? null : index % 16 === 7 ? administrator : first,
    Blocked: isBlocked,
    BlockedReason: isBlocked ? 'Waiting for the sensor supplier' : null,
    Ready: index % 5 === 2,
    Rank: index,
    DragAndDropRank: `O~${String(index).padStart(8, '0')}`,
  };
}

/** One to two months ago, in working hours. */
function createdAt(index: number, today: number): number {
  return today - (30 + (index % 30)) * DAY + (8 + (index % 9)) * HOUR;
}

function projectAt(index: number, { projects }: Place): WsapiObject {
  const [first, second, child] = projects as [WsapiObject, WsapiObject, WsapiObject?];
  if (index % 2 === 1) return second;
  return index % 10 === 4 ? (child ?? first) : first;
}

function schedule(ScheduleState: string, index: number, today: number): Fields {
  const created = createdAt(index, today);
  const reached = STATES.indexOf(ScheduleState);
  return {
    ScheduleState,
    PlanEstimate: pick(ESTIMATES, index * 3),
    InProgressDate: reached >= 1 ? iso(created + 5 * DAY) : null,
    AcceptedDate: reached === 3 ? iso(created + 12 * DAY) : null,
  };
}

function defectOf(
  story: WsapiObject,
  number: number,
  place: Place,
  circumstances: Circumstances,
): Fields {
  const common = artifact('DE', number, place, circumstances);
  const states = pick(
    [
      { State: 'Submitted', ScheduleState: 'Defined' },
      { State: 'Open', ScheduleState: 'In-Progress' },
      { State: 'Fixed', ScheduleState: 'Completed' },
      { State: 'Closed', ScheduleState: 'Accepted' },
    ],
    number,
  );
  const isRepaired = number % 4 >= 2;
  const dates = schedule(states.ScheduleState, number, circumstances.today);
  return {
    ...common,
    ...dates,
    Name: `${pick(WHAT, number)} ${pick(FAULT, number + Math.floor(number / WHAT.length))}`,
    Description: '<p>Seen on two farms.</p>',
    State: states.State,
    Severity: pick(SEVERITIES, number),
    Priority: pick(PRIORITIES, Math.floor(number / 2)),
    Environment: pick(['Production', 'Test'], number),
    Resolution: isRepaired ? 'Code Change' : null,
    FoundInBuild: `1.${number % 20}`,
    FixedInBuild: isRepaired ? `1.${(number % 20) + 1}` : null,
    OpenedDate: dates['InProgressDate'] ?? null,
    ClosedDate: dates['AcceptedDate'] ?? null,
    Requirement: number % 3 === 2 ? null : story,
    SubmittedBy: circumstances.users[1] ?? null,
  };
}

function taskOf(
  story: WsapiObject,
  step: number,
  index: number,
  place: Place,
  circumstances: Circumstances,
): Fields {
  const state = Math.min(STATES.indexOf(story.text('ScheduleState') ?? ''), 2);
  const estimate = 2 + ((index + step) % 4) * 2;
  return {
    ...artifact('TA', index, place, circumstances),
    Name: pick(STEP, index + step),
    Description: '',
    Rank: index * 3 + step,
    DragAndDropRank: `O~${String(index * 3 + step).padStart(8, '0')}`,
    State: pick(STATES, state),
    Estimate: estimate,
    ToDo: state === 2 ? 0 : state === 1 ? estimate / 2 : estimate,
    Actuals: state === 2 ? estimate + 1 : state === 1 ? estimate / 2 : 0,
    TaskIndex: step + 1,
    WorkProduct: story,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
