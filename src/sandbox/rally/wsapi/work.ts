// What people at Rally work on: the same for the same numbers on the same day.
import {
  artifactFields,
  pick,
  schedule,
  STATES,
  type Circumstances,
  type Fields,
} from './artifact-fields.js';
import { WsapiObject, type Objects } from './objects.js';
import type { Place } from './organization.js';
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
const SEVERITIES = ['Minor Problem', 'Major Problem', 'Cosmetic', 'Crash/Data Loss'];
const PRIORITIES = ['Normal', 'High Attention', 'Low', 'Resolve Immediately'];

/** Where the ids of a workspace's objects begin: far enough apart for a million stories. */
export interface FirstIds {
  readonly story: number;
  readonly defect: number;
  readonly task: number;
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
    // The first of sixteen stories is split into the two that follow it.
    const parent = [1, 2].includes(index % 16) ? stories[index - (index % 16)] : undefined;
    const fields = Object.assign(artifactFields('US', index, place, circumstances), {
      Name: `${pick(WHAT, index)} ${pick(DEED, Math.floor(index / WHAT.length) + index)}`,
      Description: '<p>As a farmer I want to know it, so that I can act on it.</p>',
      Parent: parent ?? null,
    });
    Object.assign(fields, schedule(pick(STATES, Math.floor(index / 3)), index, circumstances));
    const story = add(objects, 'HierarchicalRequirement', firstIds.story + index, fields);
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

function add(objects: Objects, type: TypeName, objectId: number, fields: Fields): WsapiObject {
  return objects.add(new WsapiObject(type, objectId, fields));
}

function defectOf(
  story: WsapiObject,
  number: number,
  place: Place,
  circumstances: Circumstances,
): Fields {
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
  const dates = schedule(states.ScheduleState, number, circumstances);
  return Object.assign(artifactFields('DE', number, place, circumstances), dates, {
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
  });
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
  return Object.assign(artifactFields('TA', index, place, circumstances), {
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
  });
}
