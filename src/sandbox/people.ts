/** Somebody who can sign in at the sandbox. The two providers know different people. */
export interface SandboxPerson {
  readonly provider: 'rally' | 'gocd';
  readonly userName: string;
  readonly password: string;
  readonly objectId: number;
  readonly displayName: string;
  /** What signing in as them shows. */
  readonly shows: string;
}

const PASSWORD = 'sandbox';

export function createPeople(): SandboxPerson[] {
  return [
    {
      provider: 'rally',
      userName: 'ada@example.test',
      password: PASSWORD,
      objectId: 70001,
      displayName: 'Ada Finch',
      shows: 'a person with stories',
    },
    {
      provider: 'rally',
      userName: 'sol@example.test',
      password: PASSWORD,
      objectId: 70011,
      displayName: 'Sol Marten',
      shows: 'the subscription administrator',
    },
    {
      provider: 'rally',
      userName: 'nia@example.test',
      password: PASSWORD,
      objectId: 70021,
      displayName: 'Nia Wren',
      shows: 'a newcomer without stories',
    },
    {
      provider: 'gocd',
      userName: 'ada',
      password: PASSWORD,
      objectId: 1,
      displayName: 'ada',
      shows: 'a person who may view every pipeline',
    },
    {
      provider: 'gocd',
      userName: 'admin',
      password: PASSWORD,
      objectId: 2,
      displayName: 'admin',
      shows: 'the administrator',
    },
    {
      provider: 'gocd',
      userName: 'guest',
      password: PASSWORD,
      objectId: 3,
      displayName: 'guest',
      shows: 'a person who may view no pipeline',
    },
  ];
}
