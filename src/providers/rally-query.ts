// WSAPI's query language, and the parameters beside it. A term stands in parentheses with spaces round
// its operator; AND and OR join two terms, never three (Broadcom/rally-rest-toolkit-python#39).
import type { Person } from './provider.js';
import { UNSCHEDULED, WORK, type SortKey, type View } from './rally-work.js';

/** The query for a person's own work. */
export function queryOf(view: View, me: Person): string {
  const { stateField } = WORK[view.type];
  const terms = [`(Owner = "/user/${me.id}")`];
  if (view.search) terms.push(searchTerm(view.search));
  if (view.state) terms.push(`(${stateField} = ${quoted(view.state)})`);
  if (view.iteration === UNSCHEDULED) terms.push('(Iteration = null)');
  else if (view.iteration) terms.push(`(Iteration.Name = ${quoted(view.iteration)})`);
  return terms.reduce((left, right) => `(${left} AND ${right})`);
}

function searchTerm(text: string): string {
  const inName = `(Name contains ${quoted(text)})`;
  return /^[a-z]{1,4}\d{1,12}$/i.test(text)
    ? `(${inName} OR (FormattedID = ${quoted(text.toUpperCase())}))`
    : inName;
}

/**
 * A person's text as a value. Between double quotes only the quote and the backslash mean anything:
 * without the backslash before both, a search for `") OR (Name != "` would be a query of its own.
 */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The value of `order`. Without ObjectID last, pages overlap (Rally's .NET and Java toolkits). */
export function orderOf({ type, sort }: View): string {
  const { stateField, estimateField } = WORK[type];
  const fields: Record<SortKey, string> = {
    rank: 'Rank',
    id: 'FormattedID',
    name: 'Name',
    state: stateField,
    estimate: estimateField,
    iteration: 'Iteration',
    project: 'Project',
    blocked: 'Blocked',
    updated: 'LastUpdateDate',
  };
  const isDescending = sort.startsWith('-');
  const field = fields[(isDescending ? sort.slice(1) : sort) as SortKey];
  return `${field}${isDescending ? ' desc' : ''},ObjectID`;
}

/** Where WSAPI looks. It would look above a project, too, unless it is told not to. */
export function scopeOf({ workspace, project }: Pick<View, 'workspace' | 'project'>) {
  return {
    ...(workspace && { workspace: `/workspace/${workspace}` }),
    ...(project && { project: `/project/${project}`, projectScopeUp: 'false' }),
  };
}
