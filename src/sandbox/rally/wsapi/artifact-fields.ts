import type { Objects, Value, WsapiObject } from './objects.js';
import { DAY, type Place } from './organization.js';

export type Fields = Record<string, Value>;

export const STATES = ['Defined', 'In-Progress', 'Completed', 'Accepted'];
const ESTIMATES = [1, 2, 3, 5, 8, 13, null];
const HOUR = DAY / 24;

/** Whose work it is, and from when. */
export interface Circumstances {
  readonly objects: Objects;
  readonly subscription: WsapiObject;
  /** Nearly all is the first one's, some nobody's, some the second one's, none anybody else's. */
  readonly users: readonly WsapiObject[];
  /** Midnight UTC. */
  readonly today: number;
}

/** The fields that stories, defects and tasks have alike. */
export function artifactFields(
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

/** How far it has come, and since when. */
export function schedule(ScheduleState: string, index: number, { today }: Circumstances): Fields {
  const created = createdAt(index, today);
  const reached = STATES.indexOf(ScheduleState);
  return {
    ScheduleState,
    PlanEstimate: pick(ESTIMATES, index * 3),
    InProgressDate: reached >= 1 ? iso(created + 5 * DAY) : null,
    AcceptedDate: reached === 3 ? iso(created + 12 * DAY) : null,
  };
}

const written = new Map<number, string>();

/** Some hundred dates serve all objects, however many there are: one text each. */
function iso(at: number): string {
  const text = written.get(at) ?? new Date(at).toISOString();
  written.set(at, text);
  return text;
}

export function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
