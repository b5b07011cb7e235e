import { placeOf } from './comparison.js';
import { fieldPath } from './field-path.js';
import { WsapiObject, type Value } from './objects.js';
import type { Attribute, TypeName } from './schema.js';

/**
 * Puts objects in order: `Rank desc,Project.Name`. A FormattedID goes by its number.
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
      const { attribute, read } = fieldPath(type, path);
      const isFormattedId = path === 'FormattedID';
      return {
        sign,
        read: (object: WsapiObject) => sortValue(read(object), attribute, isFormattedId),
      };
    });
  if (keys.length === 0) return objects;
  // Each field is read once, not at every comparison.
  const rows = objects.map((object) => ({
    object,
    values: keys.map(({ read }) => read(object)),
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

function sortValue(value: Value, attribute: Attribute, isFormattedId: boolean): SortValue {
  if (value instanceof WsapiObject) return value.name ?? value.objectId;
  if (typeof value !== 'string') return value;
  if (isFormattedId) return value.replace(/\d+/, (number) => number.padStart(12, '0'));
  return placeOf(attribute, value) ?? value;
}

/** Nothing comes before everything. */
function compare(a: SortValue, b: SortValue): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
