import { fieldPath } from './field-path.js';
import { WsapiObject, type Value } from './objects.js';
import type { TypeName } from './schema.js';

/**
 * Puts objects in order: `Rank desc,Project.Name`.
 *
 * @throws {WsapiError} where the type has no such field
 */
export function inOrder(
  objects: readonly WsapiObject[],
  order: string,
  type: TypeName,
): readonly WsapiObject[] {
  const keys = order
    .split(',')
    .filter((key) => key.trim() !== '')
    .map((key) => {
      const [path = '', direction = 'asc'] = key.trim().split(/\s+/);
      const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
      return { sign, read: fieldPath(type, path).read };
    });
  if (keys.length === 0) return objects;
  // Each field is read once, not at every comparison.
  const rows = objects.map((object) => ({
    object,
    values: keys.map(({ read }) => sortValue(read(object))),
  }));
  rows.sort((a, b) => {
    for (const [index, { sign }] of keys.entries()) {
      const difference = compare(a.values[index] ?? null, b.values[index] ?? null);
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
  return rows.map(({ object }) => object);
}

type SortValue = Exclude<Value, WsapiObject>;

function sortValue(value: Value): SortValue {
  return value instanceof WsapiObject ? (value.name ?? value.objectId) : value;
}

/** Nothing comes before everything. */
function compare(a: SortValue, b: SortValue): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
