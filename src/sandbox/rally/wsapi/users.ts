import { WsapiError } from './field-path.js';
import type { WsapiObject } from './objects.js';
import type { RallyPerson } from '../people.js';

/**
 * Disables a person, or lets them in again: the one thing about people that can be changed here.
 *
 * @returns warnings of the elements that were left out of account
 * @throws {WsapiError} unless the subscription administrator asks
 */
export function updateUser(
  { person }: WsapiObject,
  elements: Readonly<Record<string, unknown>>,
  caller: RallyPerson,
): readonly string[] {
  if (!caller.isAdministrator) {
    throw new WsapiError('Not authorized to perform action: update User');
  }
  const { Disabled: isDisabled, ...others } = elements;
  if (isDisabled !== undefined && typeof isDisabled !== 'boolean') {
    throw new WsapiError('Could not convert: Cannot parse input value for User.Disabled');
  }
  if (person && isDisabled !== undefined) person.status = isDisabled ? 'disabled' : 'active';
  return Object.keys(others)
    .filter((name) => !name.startsWith('_'))
    .map((name) => `Ignored JSON element user.${name} during processing of this request.`);
}
