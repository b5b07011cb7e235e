import type { Request } from 'express';
import { WsapiError } from './field-path.js';
import type { WsapiObject } from './objects.js';
import { inOrder } from './order.js';
import { parameter, wholeNumber } from './parameters.js';
import { parseQuery } from './query.js';
import { VERSION, type Representation } from './representation.js';
import type { TypeName } from './schema.js';

const DEFAULT_PAGE_SIZE = 20;
const LARGEST_PAGE_SIZE = 2000; // more is silently capped (Broadcom/rally-rest-toolkit-dotnet#40)

/**
 * Answers a query, whether it can be carried out or not: WSAPI says both with status 200.
 *
 * @param objectsAskedFor what is searched; may throw a WsapiError
 */
export function queryResult(
  request: Request,
  type: TypeName,
  objectsAskedFor: () => readonly WsapiObject[],
  representation: Representation,
): object {
  try {
    const query = parameter(request, 'query');
    const predicate = query ? parseQuery(query, type) : () => true;
    const found = inOrder(
      objectsAskedFor().filter(predicate),
      parameter(request, 'order') ?? '',
      type,
    );
    const start = Math.max(1, wholeNumber(request, 'start') ?? 1); // counts from 1
    const pageSize = Math.min(
      LARGEST_PAGE_SIZE,
      wholeNumber(request, 'pagesize') ?? DEFAULT_PAGE_SIZE,
    );
    return {
      QueryResult: {
        ...VERSION,
        Errors: [],
        Warnings: [],
        TotalResultCount: found.length,
        StartIndex: start,
        PageSize: pageSize,
        Results: found
          .slice(start - 1, start - 1 + pageSize)
          .map((object) => representation.of(object)),
      },
    };
  } catch (error) {
    if (!(error instanceof WsapiError)) throw error;
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
