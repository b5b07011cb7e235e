import type { Artifact } from '../providers/rally-artifacts.js';
import type { Choice, Choices } from '../providers/rally-choices.js';
import { UNSCHEDULED, WORK } from '../providers/rally-work.js';
import { addressOf, PAGE_SIZES, type Address } from './address.js';
import { labelOf, sortsOf } from './columns.js';

interface Option {
  readonly value: string;
  readonly label: string;
}

interface Known extends Choices {
  /** Besides Rally's own: workspaces may add some. */
  readonly states: readonly string[];
}

/** What can be chosen without asking Rally for more: what the page itself names. */
export function seenIn(artifacts: readonly Artifact[]): Known {
  const projects = new Map<string, Choice>();
  for (const { project } of artifacts) {
    if (project?.id === undefined) continue;
    projects.set(String(project.id), { id: String(project.id), name: project.name });
  }
  return {
    workspaces: [],
    projects: [...projects.values()],
    // As a rule the newest comes first then, as in Rally's whole list, which is asked for later.
    iterations: [...new Set(artifacts.flatMap(({ iteration }) => iteration ?? []))]
      .sort()
      .reverse(),
    states: [...new Set(artifacts.map(({ state }) => state))],
  };
}

/** The form's choosers. What is chosen now stays in its list, whether or not Rally has it there. */
export function choosers(address: Address, known: Choices & Partial<Known>) {
  const { type, state, iteration, workspace, project } = address;
  const states = new Set([...WORK[type].states, ...(known.states ?? [])]);
  const anyState = { value: '', label: 'Any' };
  const anyIteration = [anyState, { value: UNSCHEDULED, label: 'None' }];
  const ownWorkspace = { value: '', label: 'Your default' };
  const allProjects = { value: '', label: 'All' };
  return {
    address,
    work: WORK[type],
    choicesAddress: addressOf('/rally/choices', { ...address, page: 1 }),
    choosers: {
      state: {
        label: labelOf('state', type),
        options: withChosen([anyState, ...[...states].map(named)], state),
      },
      iteration: {
        label: 'Iteration',
        options: withChosen([...anyIteration, ...known.iterations.map(named)], iteration),
      },
      workspace: {
        label: 'Workspace',
        options: withChosen([ownWorkspace, ...known.workspaces.map(byId)], workspace, 'Workspace '),
      },
      project: {
        label: 'Project and below',
        options: withChosen([allProjects, ...known.projects.map(byId)], project, 'Project '),
      },
      sort: { label: 'Sort by', options: sortsOf(type) },
      pagesize: { label: 'On a page', options: PAGE_SIZES.map(String).map(named) },
    },
  };
}

const named = (name: string): Option => ({ value: name, label: name });
const byId = ({ id, name }: Choice): Option => ({ value: id, label: name });

function withChosen(options: readonly Option[], chosen: string, label = ''): readonly Option[] {
  if (chosen === '' || options.some(({ value }) => value === chosen)) return options;
  return [...options, { value: chosen, label: label + chosen }];
}
