import { WsapiObject, type Objects, type Value } from './objects.js';
import type { RallyPerson } from '../people.js';
import type { TypeName } from './schema.js';

export const DAY = 24 * 60 * 60 * 1000;

/** A workspace with the projects and iterations that work is spread over. */
export interface Place {
  readonly workspace: WsapiObject;
  readonly projects: readonly WsapiObject[];
  /** Four for each project, in their order: two are over, one is under way, one is to come. */
  readonly iterations: ReadonlyMap<WsapiObject, readonly WsapiObject[]>;
}

/** Who and where: one subscription with its people, two workspaces, their projects and iterations. */
export interface Organization {
  readonly subscription: WsapiObject;
  readonly farm: Place;
  readonly orchard: Place;
  readonly users: readonly WsapiObject[];
}

/** @param today midnight UTC: iterations lie around it */
export function createOrganization(
  objects: Objects,
  people: readonly RallyPerson[],
  today: number,
): Organization {
  const founded = new Date(today - 400 * DAY).toISOString();
  const add = (type: TypeName, objectId: number, fields: Record<string, Value>) =>
    objects.add(
      new WsapiObject(type, objectId, {
        CreationDate: founded,
        Subscription: subscription,
        ...fields,
      }),
    );
  const subscription: WsapiObject = objects.add(
    new WsapiObject('Subscription', 50001, {
      Name: 'Farm Co',
      SubscriptionID: 101,
      SubscriptionType: 'Enterprise',
      CreationDate: founded,
    }),
  );
  const users = people.map((person) => objects.add(user(person, subscription, founded)));
  const owner = users.find(({ person }) => person?.isAdministrator) ?? null;

  const workspace = (objectId: number, Name: string, Description: string) =>
    add('Workspace', objectId, { Name, Description, State: 'Open', Owner: owner });
  const project = (
    objectId: number,
    Name: string,
    Workspace: WsapiObject,
    Parent: WsapiObject | null,
  ) =>
    add('Project', objectId, {
      Name,
      Description: '',
      State: 'Open',
      Owner: owner,
      Parent,
      Workspace,
    });
  const place = (workspace: WsapiObject, projects: readonly WsapiObject[]): Place => ({
    workspace,
    projects,
    iterations: new Map(
      projects.map((project) => [
        project,
        iterationsOf(project, workspace, today).map(({ objectId, fields }) =>
          add('Iteration', objectId, fields),
        ),
      ]),
    ),
  });

  const farmWorkspace = workspace(50101, 'Farm', 'What the animals need');
  const barn = project(60001, 'Barn', farmWorkspace, null);
  const field = project(60002, 'Field', farmWorkspace, null);
  const parlour = project(60003, 'Milking parlour', farmWorkspace, barn);
  const farm = place(farmWorkspace, [barn, field, parlour]);
  const orchardWorkspace = workspace(50201, 'Orchard', 'What grows on trees');
  const apples = project(60101, 'Apples', orchardWorkspace, null);
  const cider = project(60102, 'Cider', orchardWorkspace, apples);
  const orchard = place(orchardWorkspace, [apples, cider]);

  const [ada, administrator] = users;
  if (ada) ada.members = [barn, field];
  if (administrator) administrator.members = [barn, field, parlour, apples, cider];
  for (const each of users) {
    each.fields['UserProfile'] = add('UserProfile', each.objectId + 1, {
      DefaultWorkspace: farmWorkspace,
      DefaultProject: barn,
      TimeZone: 'Etc/UTC',
    });
  }
  return { subscription, farm, orchard, users };
}

function user(person: RallyPerson, subscription: WsapiObject, since: string): WsapiObject {
  const [first = '', ...others] = person.displayName.split(' ');
  const fields: Record<string, Value> = {
    CreationDate: since,
    Subscription: subscription,
    Name: person.displayName,
    DisplayName: person.displayName,
    FirstName: first,
    LastName: others.join(' '),
    EmailAddress: person.userName,
    UserName: person.userName,
    SubscriptionAdmin: person.isAdministrator,
    // What the rest of the sandbox may change while it runs.
    get Disabled() {
      return person.status !== 'active';
    },
    get LastLoginDate() {
      const { lastSignedInAt } = person;
      return lastSignedInAt === undefined ? null : new Date(lastSignedInAt).toISOString();
    },
  };
  return new WsapiObject('User', person.objectId, fields, person);
}

const SPRINTS = [
  { State: 'Accepted', Theme: 'Sensors' },
  { State: 'Accepted', Theme: 'Feeding' },
  { State: 'Committed', Theme: 'Milk' },
  { State: 'Planning', Theme: 'Weather' },
];
const FORTNIGHT = 14 * DAY;
const A_MONDAY = 4 * DAY; // 5 January 1970

/** Two weeks each, from Monday on; the third is under way. */
function iterationsOf(project: WsapiObject, workspace: WsapiObject, today: number) {
  const current = today - ((today - A_MONDAY) % FORTNIGHT);
  return SPRINTS.map((sprint, index) => {
    const start = current + (index - 2) * FORTNIGHT;
    return {
      objectId: 62001 + (project.objectId - 60001) * 10 + index,
      fields: {
        ...sprint,
        Name: `Sprint ${index + 1}`,
        StartDate: new Date(start).toISOString(),
        EndDate: new Date(start + FORTNIGHT - 1000).toISOString(),
        PlannedVelocity: 20 + 5 * index,
        Project: project,
        Workspace: workspace,
      },
    };
  });
}
