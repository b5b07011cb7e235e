// What a client sends to set the fields of an object: read and checked as a whole, before any of it
// is done.
import { referenceIn } from './comparison.js';
import { WsapiError } from './field-path.js';
import type { Objects, Value } from './objects.js';
import { typeAt, type Attribute, type ObjectType } from './schema.js';

export interface Changes {
  readonly values: ReadonlyMap<string, Value>;
  /** One for each element that was left out of account. */
  readonly warnings: readonly string[];
}

/**
 * Reads the elements of a body.
 *
 * @throws {WsapiError} where one cannot stand in its field
 */
export function changesIn(
  elements: Readonly<Record<string, unknown>>,
  type: ObjectType,
  objects: Objects,
): Changes {
  const values = new Map<string, Value>();
  const warnings: string[] = [];
  for (const [name, element] of Object.entries(elements)) {
    if (name.startsWith('_')) continue; // clients send back whole objects, `_ref` and all
    const attribute = type.attributes.get(name); // a Map: no name reaches an object's prototype
    if (!attribute || attribute.isReadOnly) {
      warnings.push(
        `Ignored JSON element ${type.name.toLowerCase()}.${name} during processing of this request.`,
      );
    } else {
      values.set(name, valueFor(`${type.name}.${name}`, attribute, element, objects));
    }
  }
  return { values, warnings };
}

/** The object that is sent is in an element named after its type, in any case. */
export function elementsIn(body: unknown, type: ObjectType): Readonly<Record<string, unknown>> {
  if (isRecord(body)) {
    const name = type.name.toLowerCase();
    const found = Object.entries(body).find(([key]) => key.toLowerCase() === name)?.[1];
    if (isRecord(found)) return found;
  }
  throw new WsapiError(`Cannot find JSON element ${type.name} in this request`);
}

function valueFor(field: string, attribute: Attribute, element: unknown, objects: Objects): Value {
  if (element === null || element === '') {
    if (attribute.isRequired) throw new WsapiError(`Validation error: ${field} should not be null`);
    return attribute.kind === 'text' ? element : null;
  }
  const value = converted(attribute, element, objects);
  if (value === undefined) {
    throw new WsapiError(`Could not convert: Cannot parse input value for ${field}`);
  }
  if (typeof value === 'string' && attribute.allowed?.includes(value) === false) {
    throw new WsapiError(`Validation error: ${field} "${value}" is not an allowed value`);
  }
  return value;
}

function converted(attribute: Attribute, element: unknown, objects: Objects): Value | undefined {
  switch (attribute.kind) {
    case 'text':
      return typeof element === 'string' ? element : undefined;
    case 'boolean':
      return typeof element === 'boolean' ? element : undefined;
    case 'number': {
      const number = typeof element === 'string' ? Number(element) : element;
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
    }
    case 'date': {
      const at = typeof element === 'string' ? Date.parse(element) : NaN;
      return Number.isNaN(at) ? undefined : new Date(at).toISOString();
    }
    case 'object':
      return referenced(attribute, element, objects);
  }
}

/** `"/user/70001"`, or an object with such a `_ref`. */
function referenced(attribute: Attribute, element: unknown, objects: Objects): Value | undefined {
  const text = isRecord(element) ? element['_ref'] : element;
  if (typeof text !== 'string') return undefined;
  const reference = referenceIn(text);
  const type = reference && typeAt(reference.type)?.name;
  const found =
    type && attribute.types?.includes(type) ? objects.find(type, reference.objectId) : undefined;
  if (!found) throw new WsapiError(`Could not read: Could not read referenced object ${text}`);
  return found;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
