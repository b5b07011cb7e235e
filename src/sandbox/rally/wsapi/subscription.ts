import type { Clock } from '../../clock.js';
import { Objects } from './objects.js';
import { createOrganization, DAY } from './organization.js';
import type { RallyPerson } from '../people.js';
import { createWork } from './work.js';

const STORIES_IN_ORCHARD = 6;

/**
 * Makes the subscription with all that is in it.
 *
 * @param stories how many there are in the workspace that everybody starts in; another has a few
 */
export function createSubscription(
  stories: number,
  people: readonly RallyPerson[],
  clock: Clock,
): Objects {
  const objects = new Objects();
  const today = clock.now() - (clock.now() % DAY);
  const { subscription, farm, orchard, users } = createOrganization(objects, people, today);
  const circumstances = { objects, subscription, users, today };
  createWork(stories, farm, { story: 81001, defect: 10_000_001, task: 20_000_001 }, circumstances);
  createWork(
    STORIES_IN_ORCHARD,
    orchard,
    { story: 30_000_001, defect: 31_000_001, task: 32_000_001 },
    circumstances,
  );
  return objects;
}
