import type { Choice } from '../providers/rally-choices.js';
import { UNSCHEDULED } from '../providers/rally-work.js';
import { addressOf, type Address } from './address.js';

const NO_FILTERS = { search: '', state: '', iteration: '', workspace: '', project: '', page: 1 };

/**
 * What narrows the list down, each with the address of the list without it.
 *
 * @param projects whose names are known; a workspace's name is not, before its list is
 */
export function filtersOf(address: Address, projects: readonly Choice[]) {
  const without = (changes: Partial<Address>) =>
    addressOf('/rally', { ...address, ...changes, page: 1 });
  const { search, state, iteration, workspace, project } = address;
  const filters = [
    { name: 'search', value: search, without: without({ search: '' }) },
    { name: 'state', value: state, without: without({ state: '' }) },
    {
      name: 'iteration',
      value: iteration === UNSCHEDULED ? 'none' : iteration,
      without: without({ iteration: '' }),
    },
    // A project belongs to one workspace, and goes with it.
    { name: 'workspace', value: workspace, without: without({ workspace: '', project: '' }) },
    {
      name: 'project',
      value: projects.find(({ id }) => id === project)?.name ?? project,
      without: without({ project: '' }),
    },
  ];
  return filters.filter(({ value }) => value !== '');
}

/** The address of the same tab in the same order, with nothing that narrows it down. */
export function everything(address: Address): string {
  return addressOf('/rally', { ...address, ...NO_FILTERS });
}
