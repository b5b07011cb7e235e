// What a person can ask to see of their work in Rally. The page asks for it page by page, and
// whatever else shows the same work takes the same object.

/** Our words for Rally's types of work, and what WSAPI v2.0 calls them and their fields. */
export const WORK = {
  stories: {
    one: 'story',
    prefix: 'US',
    path: 'hierarchicalrequirement',
    detailPath: 'userstory',
    stateField: 'ScheduleState',
    states: ['Defined', 'In-Progress', 'Completed', 'Accepted'],
    estimateField: 'PlanEstimate',
    unit: 'points',
  },
  defects: {
    one: 'defect',
    prefix: 'DE',
    path: 'defect',
    detailPath: 'defect',
    stateField: 'State',
    states: ['Submitted', 'Open', 'Fixed', 'Closed'],
    estimateField: 'PlanEstimate',
    unit: 'points',
  },
  tasks: {
    one: 'task',
    prefix: 'TA',
    path: 'task',
    detailPath: 'task',
    stateField: 'State',
    states: ['Defined', 'In-Progress', 'Completed'],
    estimateField: 'Estimate', // a task has no PlanEstimate
    unit: 'hours',
  },
} as const;

export type WorkType = keyof typeof WORK;
export const WORK_TYPES = Object.keys(WORK) as WorkType[];

export const SORT_KEYS = [
  'rank',
  'id',
  'name',
  'state',
  'estimate',
  'iteration',
  'project',
  'blocked',
  'updated',
] as const;

export type SortKey = (typeof SORT_KEYS)[number];

/** Which of a person's work, and in which order. An empty text does not narrow it down. */
export interface View {
  readonly type: WorkType;
  /** Part of a name; or a whole FormattedID, such as US12. */
  readonly search: string;
  /** Workspaces may add states to Rally's own: it is any name. */
  readonly state: string;
  /** By name, for each project has its own; {@link UNSCHEDULED} for work that is in none. */
  readonly iteration: string;
  /** An ObjectID; empty for the one that the person has chosen in Rally. */
  readonly workspace: string;
  /** An ObjectID, meaning the projects below it, too; empty for all of the workspace. */
  readonly project: string;
  /** With a minus from the last to the first. */
  readonly sort: SortKey | `-${SortKey}`;
}

/** WSAPI's own word for nothing: no iteration can be asked for by this name. */
export const UNSCHEDULED = 'null';

/** One page of a result. WSAPI counts from 1. */
export interface Page {
  readonly start: number;
  /** 2000 at most; Rally silently caps more. */
  readonly pageSize: number;
}
