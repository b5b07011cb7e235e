import { WsapiObject, type Value } from './objects.js';
import { typeNamed, type Attribute, type TypeName } from './schema.js';

/** A field of an object, or of one that its fields lead to: `WorkProduct.Project.Name`. */
export interface FieldPath {
  readonly attribute: Attribute;
  readonly read: (object: WsapiObject) => Value;
}

/** A request that cannot be carried out. Its message is the text that WSAPI puts into `Errors`. */
export class WsapiError extends Error {}

/**
 * Looks a path up in the types' fields.
 *
 * @throws {WsapiError} where a type has no such field
 */
export function fieldPath(type: TypeName, path: string): FieldPath {
  const names = path.split('.');
  let types: readonly TypeName[] = [type];
  let attribute: Attribute | undefined;
  for (const name of names) {
    // A task's work product may be a story or a defect: it is enough that one of them has the field.
    const found = types.flatMap((each) => typeNamed(each).attributes.get(name) ?? []);
    [attribute] = found;
    types = [...new Set(found.flatMap(({ types = [] }) => types))];
  }
  if (!attribute) throw cannotRead(type);
  const [only = ''] = names;
  return { attribute, read: names.length === 1 ? (object) => object.get(only) : reader(names) };
}

function reader(names: readonly string[]): FieldPath['read'] {
  return (object) => {
    let value: Value = object;
    for (const name of names) {
      if (!(value instanceof WsapiObject)) return null;
      value = value.get(name);
    }
    return value;
  };
}

/** The words that were seen for a query that WSAPI could parse and not carry out (eltmon/overdeck#168). */
export function cannotRead(type: TypeName): WsapiError {
  return new WsapiError(
    `Could not read: could not read all instances of class com.f4tech.slm.domain.${type}`,
  );
}
