// Which objects a query is about: a workspace, or a project with those above and below it. Sources:
// Broadcom KB 47750 and the issues of Rally's toolkits about scope.
import type { Request } from 'express';
import { referenceIn } from './comparison.js';
import { WsapiError } from './field-path.js';
import { WsapiObject, type Objects } from './objects.js';
import { parameter } from './parameters.js';
import type { ObjectType, TypeName } from './schema.js';

/**
 * The objects of a type that a request is about.
 *
 * @throws {WsapiError} where it names a workspace or project that there is not
 */
export function objectsInScope(
  request: Request,
  { name, attributes }: ObjectType,
  caller: WsapiObject,
  objects: Objects,
): readonly WsapiObject[] {
  const project = projectOf(request, objects);
  const workspace = workspaceOf(request, objects) ?? project?.get('Workspace');
  if (project && project.get('Workspace') !== workspace) throw notThere();
  const all = objects.all(name);
  if (!attributes.has('Workspace')) return all; // people and workspaces belong to the subscription
  if (project && attributes.has('Project')) {
    const projects = withRelatives(project, request, objects);
    return all.filter((object) => projects.has(object.get('Project')));
  }
  const wanted = workspace ?? defaultOf(caller, 'DefaultWorkspace');
  return all.filter((object) => object.get('Workspace') === wanted);
}

/** The project that a request names; none with `project=null`, which means the whole workspace. */
export function projectOf(request: Request, objects: Objects): WsapiObject | undefined {
  return parameter(request, 'project') === 'null' ? undefined : named(request, 'Project', objects);
}

export function workspaceOf(request: Request, objects: Objects): WsapiObject | undefined {
  return named(request, 'Workspace', objects);
}

/** What somebody has chosen in their profile. */
export function defaultOf(user: WsapiObject, field: 'DefaultWorkspace' | 'DefaultProject') {
  const profile = user.get('UserProfile');
  return profile instanceof WsapiObject ? profile.get(field) : null;
}

function named(request: Request, type: TypeName, objects: Objects): WsapiObject | undefined {
  const text = parameter(request, type.toLowerCase());
  if (text === undefined || text === '') return undefined;
  const reference = referenceIn(text);
  const found =
    reference?.type === type.toLowerCase() ? objects.find(type, reference.objectId) : undefined;
  if (!found) throw notThere();
  return found;
}

function withRelatives(project: WsapiObject, request: Request, objects: Objects) {
  const projects = new Set<unknown>([project]);
  if (parameter(request, 'projectScopeUp') !== 'false') {
    let parent = project.get('Parent');
    while (parent instanceof WsapiObject && !projects.has(parent)) {
      projects.add(parent);
      parent = parent.get('Parent');
    }
  }
  if (parameter(request, 'projectScopeDown') !== 'false') {
    const below = [project];
    for (const each of below) {
      projects.add(each);
      below.push(...objects.whose('Project', 'Parent', each));
    }
  }
  return projects;
}

function notThere(): WsapiError {
  return new WsapiError('Cannot find object to read');
}
