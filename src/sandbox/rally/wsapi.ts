// Rally's Web Services API v2.0: who am I, and user stories. Sources: the envelopes and limits in
// Rally's toolkits (RallyTools/rally-node, pyral, flowdock's fixtures) and Broadcom's articles.
import { Router, type Request } from 'express';
import type { World } from '../world.js';
import { callerOf, type Caller } from './caller.js';
import type { RallyPerson } from './people.js';
import { parseQuery, QueryError, type Fields } from './query.js';
import type { Reference } from './stories.js';

const DEFAULT_PAGE_SIZE = 20;
const LARGEST_PAGE_SIZE = 2000; // more is silently capped (Broadcom/rally-rest-toolkit-dotnet#40)

export function wsapi(world: World, origin: string): Router {
  const router = Router();
  const base = `${origin}/slm/webservice/v2.0`;

  router.use((request, response, next) => {
    const caller = callerIn(request, world);
    if (!caller) {
      // Not an envelope. Seen in Broadcom/rally-node#53.
      response
        .status(401)
        .json({ message: null, status: '401', url: `/slm/webservice/v2.0${request.path}` });
      return;
    }
    response.locals['caller'] = caller;
    next();
  });

  router.get('/user', (request, response) => {
    const { person } = response.locals['caller'] as Caller;
    if (request.query['query'] === undefined) {
      response.json({ User: userObject(person, base) });
      return;
    }
    const users = world.rally.people;
    const rows = users.map((user) => ({
      type: 'User',
      path: `/user/${user.objectId}`,
      fields: {
        ObjectID: user.objectId,
        Name: user.displayName,
        DisplayName: user.displayName,
        UserName: user.userName,
        EmailAddress: user.userName,
      },
    }));
    response.json(queryResult(request, rows, base));
  });

  router.get('/user/:id', (request, response) => {
    const user = world.rally.people.find(({ objectId }) => String(objectId) === request.params.id);
    response.json(user ? { User: userObject(user, base) } : notFound());
  });

  router.get('/hierarchicalrequirement', (request, response) => {
    const rows = world.rally.stories.map((story) => ({
      type: 'HierarchicalRequirement',
      path: `/hierarchicalrequirement/${story.ObjectID}`,
      fields: { ...story } satisfies Fields,
    }));
    response.json(queryResult(request, rows, base));
  });

  router.get('/hierarchicalrequirement/:id', (request, response) => {
    const story = world.rally.stories.find(
      ({ ObjectID }) => String(ObjectID) === request.params.id,
    );
    if (!story) {
      response.json(notFound());
      return;
    }
    const path = `/hierarchicalrequirement/${story.ObjectID}`;
    const row = { type: 'HierarchicalRequirement', path, fields: { ...story } };
    const fetched = text(request, 'fetch') === undefined ? ['true'] : fetchedFields(request);
    response.json({
      HierarchicalRequirement: { ...rowObject(row, fetched, base), ...NO_ERRORS },
    });
  });

  return router;
}

/** The token travels as a header or a cookie of this name (Rally's README, "API Key"). */
function callerIn(request: Request, { rally }: World): Caller | undefined {
  const inCookie = /(?:^|;\s*)zsessionid=([^;]+)/i.exec(request.get('Cookie') ?? '')?.[1];
  const credential = request.get('zsessionid') ?? inCookie;
  return credential === undefined ? undefined : callerOf(credential, rally);
}

interface Row {
  readonly type: string;
  readonly path: string;
  readonly fields: Fields;
}

const VERSION = { _rallyAPIMajor: '2', _rallyAPIMinor: '0' };
const NO_ERRORS = { Errors: [], Warnings: [] };

/** Status 200, like every answer to somebody who may ask. */
function notFound() {
  return { OperationResult: { Errors: ['Cannot find object to read'], Warnings: [] } };
}

function userObject(user: RallyPerson, base: string) {
  return {
    ...VERSION,
    _ref: `${base}/user/${user.objectId}`,
    _objectVersion: '4',
    _refObjectName: user.displayName,
    ObjectID: user.objectId,
    DisplayName: user.displayName,
    EmailAddress: user.userName,
    UserName: user.userName,
    Disabled: false,
    ...NO_ERRORS,
  };
}

function queryResult(request: Request, rows: readonly Row[], base: string) {
  try {
    const query = text(request, 'query');
    const predicate = query ? parseQuery(query) : () => true;
    const found = rows.filter(({ fields }) => predicate(fields));
    sort(found, text(request, 'order'));
    const start = Math.max(1, wholeNumber(request, 'start') ?? 1); // counts from 1
    const pageSize = Math.min(
      LARGEST_PAGE_SIZE,
      wholeNumber(request, 'pagesize') ?? DEFAULT_PAGE_SIZE,
    );
    const page = found.slice(start - 1, start - 1 + pageSize);
    const fetched = fetchedFields(request);
    return {
      QueryResult: {
        ...VERSION,
        ...NO_ERRORS,
        TotalResultCount: found.length,
        StartIndex: start,
        PageSize: pageSize,
        Results: page.map((row) => rowObject(row, fetched, base)),
      },
    };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return {
      QueryResult: {
        Errors: [error.message],
        Warnings: [],
        TotalResultCount: 0,
        StartIndex: 0,
        PageSize: 0,
        Results: [],
      },
    };
  }
}

/** Without `fetch` a row is little more than a reference. */
function rowObject({ type, path, fields }: Row, fetched: readonly string[], base: string) {
  const wanted = Object.entries(fields).filter(
    ([name]) => fetched.includes('true') || fetched.includes(name),
  );
  return {
    ...VERSION,
    _ref: `${base}${path}`,
    _objectVersion: '1',
    _refObjectName: fields['Name'],
    ...Object.fromEntries(wanted.map(([name, value]) => [name, fieldValue(value, base)])),
    _type: type,
  };
}

function fieldValue(value: string | number | boolean | Reference | null, base: string) {
  return value !== null && typeof value === 'object'
    ? { _ref: `${base}${value.path}`, _refObjectName: value.name, _type: value.type }
    : value;
}

function sort(rows: Row[], order: string | undefined): void {
  const keys = (order ?? '').split(',').filter((key) => key.trim() !== '');
  rows.sort((a, b) => {
    for (const key of keys) {
      const [name = '', direction] = key.trim().split(/\s+/);
      const difference = compare(a.fields[name], b.fields[name]);
      if (difference !== 0) return direction?.toLowerCase() === 'desc' ? -difference : difference;
    }
    return 0;
  });
}

function compare(a: Fields[string] | undefined, b: Fields[string] | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [sortText(a), sortText(b)];
  return left < right ? -1 : Number(left > right);
}

function sortText(value: Fields[string] | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? value.name : String(value);
}

function fetchedFields(request: Request): readonly string[] {
  return (text(request, 'fetch') ?? '').split(',').map((name) => name.trim());
}

function text(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(request: Request, name: string): number | undefined {
  const value = text(request, name);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
