// What an export says of each story, defect or task, by Rally's own names for its fields.
import type { Artifact } from '../providers/rally-artifacts.js';
import { WORK, type WorkType } from '../providers/rally-work.js';

export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly cell: (artifact: Artifact) => Cell;
}

export function columnsOf(type: WorkType): readonly Column[] {
  const { one, stateField, estimateField } = WORK[type];
  const kind = one.charAt(0).toUpperCase() + one.slice(1);
  return [
    { name: 'FormattedID', cell: ({ formattedId }) => formattedId },
    { name: 'Name', cell: ({ name }) => name },
    { name: 'Type', cell: () => kind },
    { name: stateField, cell: ({ state }) => state },
    { name: estimateField, cell: ({ estimate }) => estimate ?? null },
    { name: 'Iteration', cell: ({ iteration }) => iteration ?? null },
    { name: 'Project', cell: ({ project }) => project?.name ?? null },
    { name: 'Blocked', cell: ({ isBlocked }) => isBlocked },
    { name: 'BlockedReason', cell: ({ blockedReason }) => blockedReason ?? null },
    { name: 'LastUpdateDate', cell: ({ updatedAt }) => updatedAt?.toISOString() ?? null },
    { name: 'Link', cell: ({ url }) => url ?? null },
  ];
}
