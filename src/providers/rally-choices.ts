// What one can choose from: workspaces, the projects of one, and the iterations of those.
import { fieldsOf, objectIdOf, wordsOf } from './rally-fields.js';
import { scopeOf } from './rally-query.js';
import type { View } from './rally-work.js';
import { fetchRows, wsapiUrl, type Wsapi } from './rally-wsapi.js';

export interface Choices {
  readonly workspaces: readonly Choice[];
  readonly projects: readonly Choice[];
  /** By name, the latest first: projects that work in step have one of the same name each. */
  readonly iterations: readonly string[];
}

export interface Choice {
  readonly id: string;
  readonly name: string;
}

/** As many as WSAPI gives in one page. */
const MOST = '2000';
const OPEN = '(State = "Open")';

/**
 * Asks for all three lists at once.
 *
 * @throws {CredentialRejectedError | NotAllowedError | ApiError | UpstreamError}
 */
export async function fetchChoices(
  wsapi: Wsapi,
  { workspace, project }: Pick<View, 'workspace' | 'project'>,
): Promise<Choices> {
  const list = async (path: string, parameters: Record<string, string>) => {
    const asked = { fetch: 'ObjectID,Name', pagesize: MOST, ...parameters };
    const { rows } = await fetchRows(wsapi, wsapiUrl(wsapi, path, asked));
    return rows.flatMap((row) => choiceOf(row) ?? []);
  };
  const byName = { query: OPEN, order: 'Name,ObjectID' };
  const [workspaces, projects, iterations] = await Promise.all([
    list('workspace', byName),
    list('project', { ...byName, ...scopeOf({ workspace, project: '' }) }),
    list('iteration', { order: 'StartDate desc,ObjectID', ...scopeOf({ workspace, project }) }),
  ]);
  return {
    workspaces,
    projects,
    iterations: [...new Set(iterations.map(({ name }) => name))],
  };
}

function choiceOf(row: unknown): Choice | undefined {
  const { ObjectID, Name } = fieldsOf(row) ?? {};
  const [id, name] = [objectIdOf(ObjectID), wordsOf(Name)];
  return id === undefined || name === undefined ? undefined : { id: String(id), name };
}
