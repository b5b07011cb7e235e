import { PASSWORD, type Person } from '../people.js';

/** A user of the subscription. */
export interface RallyPerson extends Person {
  readonly objectId: number;
}

export function createPeople(): RallyPerson[] {
  const person = (
    objectId: number,
    userName: string,
    displayName: string,
    shows: string,
  ): RallyPerson => ({
    objectId,
    userName,
    displayName,
    shows,
    password: PASSWORD,
    isAdministrator: false,
    status: 'active',
    lastSignedInAt: undefined,
  });
  return [
    person(70001, 'ada@example.test', 'Ada Finch', 'a person with stories'),
    {
      ...person(70011, 'sol@example.test', 'Sol Marten', 'the subscription administrator'),
      isAdministrator: true,
    },
    person(70021, 'nia@example.test', 'Nia Wren', 'a newcomer without stories'),
    {
      ...person(
        70031,
        'ivo@example.test',
        'Ivo Stork',
        'a disabled colleague, to see a login refused',
      ),
      status: 'disabled',
    },
  ];
}
