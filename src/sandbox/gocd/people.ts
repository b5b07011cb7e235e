import { PASSWORD, type Person } from '../people.js';

export interface GocdPerson extends Person {
  /** @param pipeline the name of a pipeline */
  readonly mayView: (pipeline: string) => boolean;
}

export function createPeople(): GocdPerson[] {
  const person = (
    userName: string,
    shows: string,
    mayView: GocdPerson['mayView'] = () => true,
  ): GocdPerson => ({
    userName,
    displayName: userName,
    shows,
    password: PASSWORD,
    isAdministrator: false,
    status: 'active',
    lastSignedInAt: undefined,
    mayView,
  });
  return [
    person('ada', 'a person who may view every pipeline'),
    { ...person('admin', 'the administrator'), isAdministrator: true },
    person('kit', 'a person who may view the barn’s pipelines alone', (pipeline) =>
      pipeline.startsWith('barn-'),
    ),
    person('guest', 'a person who may view no pipeline', () => false),
  ];
}
