import { setTimeout as delay } from 'node:timers/promises';

/** The processes under test need the processor more than a test that waits for them. */
const POLL_MS = 10;

/** Waits for something that the app or its Redis does, as long as the test may take. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(POLL_MS);
}
