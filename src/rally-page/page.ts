// What the Rally page says: all that its view shows is worked out here, and the view writes it down.
import type { Person } from '../providers/provider.js';
import type { Artifacts } from '../providers/rally-artifacts.js';
import { WORK_TYPES } from '../providers/rally-work.js';
import type { Rally } from '../providers/rally.js';
import { addressOf, inTab, pageOf, viewOf, type Address } from './address.js';
import { choosers, seenIn } from './choosers.js';
import { columnsOf, orderInWords } from './columns.js';
import { everything, filtersOf } from './filters.js';
import { sharesOf } from './shares.js';

export function rallyPage(provider: Rally, me: Person, address: Address, found: Artifacts) {
  const { artifacts, total } = found;
  const { start, pageSize } = pageOf(address);
  const last = start + artifacts.length - 1;
  const goTo = (changes: Partial<Address>) => addressOf('/rally', { ...address, ...changes });
  const { type, page } = address;
  const seen = seenIn(artifacts);
  return {
    title: `Your ${type} in Rally`,
    styles: ['rally.css'],
    scripts: ['rally.js'],
    provider,
    me,
    ...found,
    tabs: WORK_TYPES.map((each) => ({
      type: each,
      href: addressOf('/rally', inTab(address, each)),
      isCurrent: each === type,
    })),
    columns: columnsOf(address),
    order: { words: orderInWords(address), byRank: goTo({ sort: 'rank', page: 1 }) },
    filters: filtersOf(address, seen.projects),
    everything: everything(address),
    downloads: ['csv', 'json'].map((format) => ({
      format,
      href: addressOf(`/rally/export.${format}`, viewOf(address)),
    })),
    shares: sharesOf(address, artifacts),
    blocked: artifacts.filter(({ isBlocked }) => isBlocked).length,
    first: start,
    last,
    firstPage: goTo({ page: 1 }),
    previous: page > 1 ? goTo({ page: page - 1 }) : undefined,
    // A page that is not full ends the list, whatever the total says: it may count what one
    // cannot see, or be missing.
    next: artifacts.length >= pageSize && last !== total ? goTo({ page: page + 1 }) : undefined,
    ...choosers(address, seen),
  };
}
