import type { FieldPath } from './field-path.js';
import { WsapiObject, type Value } from './objects.js';
import type { Attribute } from './schema.js';

export type Predicate = (object: WsapiObject) => boolean;

export const OPERATORS: readonly string[] = [
  '=',
  '!=',
  '<=',
  '>=',
  '<',
  '>',
  'contains',
  '!contains',
];

/**
 * One term of a query.
 *
 * @returns undefined where the field can hold no such value: a number is compared with "soon"
 */
export function comparison(
  { attribute, read }: FieldPath,
  operator: string,
  text: string,
): Predicate | undefined {
  if (operator.startsWith('!')) {
    const positive = comparison({ attribute, read }, operator.slice(1), text);
    return positive && ((object) => !positive(object));
  }
  if (text === 'null') return operator === '=' ? (object) => read(object) === null : () => false;
  const wanted = text.toLowerCase();
  if (operator === 'contains') {
    return (object) => asText(read(object)).toLowerCase().includes(wanted);
  }
  if (attribute.kind === 'object') {
    const isWanted = matcher(text);
    return operator === '=' ? (object) => isWanted(read(object)) : undefined;
  }
  const isOrdinal = attribute.allowed !== undefined && operator !== '=';
  const value = isOrdinal ? placeOf(attribute, text) : comparable(attribute.kind, text);
  if (value === undefined) return undefined;
  // Null is neither less nor greater than anything.
  const compare = (holds: (value: string | number, wanted: string | number) => boolean) => {
    return (object: WsapiObject) => {
      const actual = read(object);
      if (actual === null || actual instanceof WsapiObject) return false;
      if (isOrdinal) return holds(placeOf(attribute, String(actual)) ?? -1, value);
      return holds(typeof actual === 'number' ? actual : String(actual).toLowerCase(), value);
    };
  };
  switch (operator) {
    case '=':
      return compare((actual, value) => actual === value);
    case '<':
      return compare((actual, value) => actual < value);
    case '<=':
      return compare((actual, value) => actual <= value);
    case '>':
      return compare((actual, value) => actual > value);
    default:
      return compare((actual, value) => actual >= value);
  }
}

/**
 * Which of its values a field holds that has only a few: they are in order, and not that of the
 * alphabet. Clients ask for unfinished work with `(ScheduleState < "Accepted")`.
 */
export function placeOf({ allowed = [] }: Attribute, text: string): number | undefined {
  const place = allowed.findIndex((each) => each.toLowerCase() === text.toLowerCase());
  return place < 0 ? undefined : place;
}

function comparable(kind: Attribute['kind'], text: string): string | number | undefined {
  if (kind === 'number') {
    return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
  }
  if (kind === 'date') {
    const at = Date.parse(text);
    // As the fields have it: dates of one form can be compared as text.
    return Number.isNaN(at) ? undefined : new Date(at).toISOString().toLowerCase();
  }
  const lowerCase = text.toLowerCase();
  return kind === 'boolean' && !['true', 'false'].includes(lowerCase) ? undefined : lowerCase;
}

/** `/user/23456` or the whole address of an object; a person by user name, too. */
function matcher(text: string): (value: Value) => boolean {
  const reference = referenceIn(text);
  return (value) => {
    if (!(value instanceof WsapiObject)) return false;
    if (!reference) return value.text('UserName')?.toLowerCase() === text.toLowerCase();
    return value.objectId === reference.objectId && value.type.toLowerCase() === reference.type;
  };
}

/** What `/user/23456`, or the whole address of an object, names. */
export function referenceIn(text: string): { type: string; objectId: number } | undefined {
  const [, type = '', id = ''] =
    /(?:^|^https?:\/\/[^/]+\/slm\/webservice\/v2\.[0x])\/([a-z]{1,30})\/(\d{1,15})$/i.exec(text) ??
    [];
  return id === '' ? undefined : { type: type.toLowerCase(), objectId: Number(id) };
}

function asText(value: Value): string {
  if (value instanceof WsapiObject) return value.name ?? '';
  return value === null ? '' : String(value);
}
