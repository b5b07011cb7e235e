// The types of WSAPI and their fields, as far as the sandbox has them. Names and allowed values are
// those of WSAPI v2.0's object model in Rally's toolkits.
import type { Objects, WsapiObject } from './objects.js';

export type TypeName =
  | 'Subscription'
  | 'Workspace'
  | 'Project'
  | 'Iteration'
  | 'User'
  | 'UserProfile'
  | 'HierarchicalRequirement'
  | 'Defect'
  | 'Task';

export interface Attribute {
  readonly kind: 'text' | 'number' | 'boolean' | 'date' | 'object';
  /** What a field of kind `object` may hold. */
  readonly types?: readonly TypeName[];
  /** The only texts that it may hold. */
  readonly allowed?: readonly string[];
  readonly isRequired?: boolean;
  /** WSAPI sets it, clients do not. */
  readonly isReadOnly?: boolean;
}

/** Objects that belong to another: `Tasks` of a story. They stand in an answer as a count alone. */
export interface Collection {
  readonly type: TypeName;
  readonly of: (object: WsapiObject, objects: Objects) => readonly WsapiObject[];
}

export interface ObjectType {
  readonly name: TypeName;
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly collections: ReadonlyMap<string, Collection>;
  /** The letters of its FormattedID. */
  readonly prefix?: string;
}

const text: Attribute = { kind: 'text' };
const number: Attribute = { kind: 'number' };
const boolean: Attribute = { kind: 'boolean' };
const date: Attribute = { kind: 'date' };
const name: Attribute = { ...text, isRequired: true };
const one = (...types: TypeName[]): Attribute => ({ kind: 'object', types });
const choice = (...allowed: string[]): Attribute => ({ ...text, allowed, isRequired: true });
const optional = (...allowed: string[]): Attribute => ({ ...text, allowed });
const readOnly = (attribute: Attribute): Attribute => ({ ...attribute, isReadOnly: true });

const whose = (type: TypeName, field: string): Collection => ({
  type,
  of: (object, objects) => objects.whose(type, field, object),
});

const EVERY = {
  ObjectID: readOnly(number),
  ObjectUUID: readOnly(text),
  CreationDate: readOnly(date),
  Subscription: readOnly(one('Subscription')),
};

const SCHEDULE_STATE = choice('Defined', 'In-Progress', 'Completed', 'Accepted');

const ARTIFACT = {
  FormattedID: readOnly(text),
  Name: name,
  Description: text,
  Notes: text,
  LastUpdateDate: readOnly(date),
  Workspace: readOnly(one('Workspace')),
  Project: { ...one('Project'), isRequired: true },
  Iteration: one('Iteration'),
  Owner: one('User'),
  Blocked: boolean,
  BlockedReason: text,
  Ready: boolean,
  Rank: number,
  DragAndDropRank: readOnly(text),
};

const SCHEDULABLE = {
  ScheduleState: SCHEDULE_STATE,
  PlanEstimate: number,
  InProgressDate: readOnly(date),
  AcceptedDate: readOnly(date),
};

const types: ObjectType[] = [
  define(
    'Subscription',
    { Name: text, SubscriptionID: number, SubscriptionType: text },
    { Workspaces: whose('Workspace', 'Subscription') },
  ),
  define(
    'Workspace',
    { Name: text, Description: text, State: text, Owner: one('User') },
    { Projects: whose('Project', 'Workspace') },
  ),
  define(
    'Project',
    {
      Name: text,
      Description: text,
      State: text,
      Owner: one('User'),
      Parent: one('Project'),
      Workspace: one('Workspace'),
    },
    {
      Children: whose('Project', 'Parent'),
      Iterations: whose('Iteration', 'Project'),
      TeamMembers: {
        type: 'User',
        of: (project, objects) =>
          objects.all('User').filter(({ members }) => members.includes(project)),
      },
    },
  ),
  define(
    'Iteration',
    {
      Name: text,
      StartDate: date,
      EndDate: date,
      State: text,
      PlannedVelocity: number,
      Theme: text,
      Project: one('Project'),
      Workspace: one('Workspace'),
    },
    {},
  ),
  define(
    'User',
    {
      Name: text,
      DisplayName: text,
      FirstName: text,
      LastName: text,
      EmailAddress: text,
      UserName: text,
      Disabled: boolean,
      SubscriptionAdmin: boolean,
      LastLoginDate: date,
      UserProfile: one('UserProfile'),
    },
    { TeamMemberships: { type: 'Project', of: ({ members }) => members } },
  ),
  define(
    'UserProfile',
    { DefaultWorkspace: one('Workspace'), DefaultProject: one('Project'), TimeZone: text },
    {},
  ),
  define(
    'HierarchicalRequirement',
    { ...ARTIFACT, ...SCHEDULABLE, Parent: one('HierarchicalRequirement') },
    {
      Children: whose('HierarchicalRequirement', 'Parent'),
      Defects: whose('Defect', 'Requirement'),
      Tasks: whose('Task', 'WorkProduct'),
    },
    'US',
  ),
  define(
    'Defect',
    {
      ...ARTIFACT,
      ...SCHEDULABLE,
      State: choice('Submitted', 'Open', 'Fixed', 'Closed'),
      Severity: optional('Crash/Data Loss', 'Major Problem', 'Minor Problem', 'Cosmetic'),
      Priority: optional('Resolve Immediately', 'High Attention', 'Normal', 'Low'),
      Environment: optional('Development', 'Test', 'Production'),
      Resolution: text,
      FoundInBuild: text,
      FixedInBuild: text,
      OpenedDate: readOnly(date),
      ClosedDate: readOnly(date),
      Requirement: one('HierarchicalRequirement'),
      SubmittedBy: one('User'),
    },
    { Tasks: whose('Task', 'WorkProduct') },
    'DE',
  ),
  define(
    'Task',
    {
      ...ARTIFACT,
      State: choice('Defined', 'In-Progress', 'Completed'),
      Estimate: number,
      ToDo: number,
      Actuals: number,
      TaskIndex: number,
      WorkProduct: { ...one('HierarchicalRequirement', 'Defect'), isRequired: true },
    },
    {},
    'TA',
  ),
];

function define(
  name: TypeName,
  attributes: Readonly<Record<string, Attribute>>,
  collections: Readonly<Record<string, Collection>>,
  prefix?: string,
): ObjectType {
  return {
    name,
    attributes: new Map(Object.entries({ ...EVERY, ...attributes })),
    collections: new Map(Object.entries(collections)),
    ...(prefix !== undefined && { prefix }),
  };
}

const byPath = new Map(types.map((type) => [type.name.toLowerCase(), type]));

const fieldNames = new Set(
  types.flatMap(({ attributes, collections }) => [...attributes.keys(), ...collections.keys()]),
);

/** Other names can be asked for, and have no effect. */
export function isFieldOfAnyType(name: string): boolean {
  return fieldNames.has(name);
}

/** @param path as it stands in a URL, in any case: `User`, `hierarchicalrequirement` */
export function typeAt(path: string): ObjectType | undefined {
  return byPath.get(path.toLowerCase());
}

export function typeNamed(name: TypeName): ObjectType {
  const type = byPath.get(name.toLowerCase());
  if (!type) throw new Error(`No type ${name}`);
  return type;
}
