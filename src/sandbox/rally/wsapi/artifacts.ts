// Stories, defects and tasks come and go, and some of their fields follow from others.
import { WsapiError } from './field-path.js';
import type { Changes } from './changes.js';
import { WsapiObject, type Objects, type Value } from './objects.js';
import type { ObjectType } from './schema.js';

const DEFAULTS: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  HierarchicalRequirement: { ScheduleState: 'Defined' },
  Defect: { ScheduleState: 'Defined', State: 'Submitted' },
  Task: { State: 'Defined' },
};

/** @throws {WsapiError} where a field is missing that must be set */
export function createArtifact(
  type: ObjectType,
  { values }: Changes,
  project: Value,
  objects: Objects,
  now: string,
): WsapiObject {
  const workProduct = values.get('WorkProduct');
  const fields: Record<string, Value> = {
    ...Object.fromEntries([...type.attributes.keys()].map((name) => [name, null])),
    Blocked: false,
    Ready: false,
    Rank: objects.all(type.name).length,
    ...DEFAULTS[type.name],
    Project: workProduct instanceof WsapiObject ? workProduct.get('Project') : project,
    ...Object.fromEntries(values),
    CreationDate: now,
  };
  for (const [name, { isRequired }] of type.attributes) {
    if (isRequired && fields[name] === null) {
      throw new WsapiError(`Validation error: ${type.name}.${name} should not be null`);
    }
  }
  const object = new WsapiObject(type.name, objects.nextObjectId(), fields);
  follow(object, now);
  const workspace = object.get('Workspace');
  if (workspace instanceof WsapiObject) {
    fields['Subscription'] = workspace.get('Subscription');
    fields['FormattedID'] = objects.nextFormattedId(type.prefix ?? '', workspace);
  }
  fields['DragAndDropRank'] = `O~${String(object.objectId).padStart(8, '0')}`;
  return objects.add(object);
}

export function updateArtifact(
  object: WsapiObject,
  { values }: Changes,
  objects: Objects,
  now: string,
): void {
  for (const [name, value] of values) object.fields[name] = value;
  follow(object, now);
  object.version += 1;
  objects.changed();
}

/** Its tasks go with it; what only points to it stays. */
export function deleteArtifact(object: WsapiObject, objects: Objects): void {
  const tasks = objects.whose('Task', 'WorkProduct', object);
  const defects = objects.whose('Defect', 'Requirement', object);
  const children = objects.whose('HierarchicalRequirement', 'Parent', object);
  for (const task of tasks) objects.remove(task);
  for (const defect of defects) defect.fields['Requirement'] = null;
  for (const child of children) child.fields['Parent'] = null;
  objects.remove(object);
}

function follow({ type, fields }: WsapiObject, now: string): void {
  fields['LastUpdateDate'] = now;
  if (fields['Project'] instanceof WsapiObject) {
    fields['Workspace'] = fields['Project'].get('Workspace');
  }
  if (fields['Blocked'] !== true) fields['BlockedReason'] = null;
  const since = (name: string, isSo: boolean) => {
    fields[name] = isSo ? (fields[name] ?? now) : null;
  };
  const { ScheduleState: scheduleState, State: state } = fields;
  if (type === 'Task') {
    if (state === 'Completed') fields['ToDo'] = 0;
    return;
  }
  since('InProgressDate', scheduleState !== 'Defined');
  since('AcceptedDate', scheduleState === 'Accepted');
  if (type === 'Defect') {
    since('OpenedDate', state !== 'Submitted');
    since('ClosedDate', state === 'Closed');
  }
}
