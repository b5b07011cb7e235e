// What can be switched in the sandbox: by programs in JSON (console-api.ts), by people in forms
// (console.ts). Both are read by the same descriptions.
import { z } from 'zod';
import { FAILURES } from './failures.js';
import type { World } from './world.js';

/** Ends every access token; it does not wait for a request, as failures do. */
export const EXPIRE = 'expire-access-tokens';

export const NAMES = Object.values(FAILURES).flatMap((failures) => [...failures.keys()]);

const on = z.strictObject({
  name: z.enum([EXPIRE, ...NAMES]),
  /** How many requests it strikes; until it is switched off where it is left out. */
  times: z.coerce.number().int().min(1).max(1_000_000).optional(),
  /** The id of the one client that it strikes. */
  client: z.string().min(1).optional(),
  provider: z.enum(['rally', 'gocd']).optional(),
  /** How late a slow answer comes. */
  seconds: z.coerce.number().min(0).max(600).default(3),
});
const off = z.strictObject({ off: z.enum(['all', ...NAMES]) });
const clock = z.strictObject({ forwardSeconds: z.coerce.number().min(0).max(1_000_000_000) });
const person = z.strictObject({
  provider: z.enum(['rally', 'gocd']),
  userName: z.string(),
  status: z.enum(['active', 'disabled', 'deleted']),
});

/** A change of the sandbox. */
export interface Switch {
  /** What to send, in words and by example. */
  readonly expects: string;
  /**
   * Carries out what was sent.
   *
   * @returns what was done, in words; undefined when it is not understood, and nothing was done
   */
  readonly change: (world: World, sent: unknown) => string | undefined;
}

export const switches = {
  failures: {
    expects:
      '{"name":"wsapi-503","times":1}, {"off":"wsapi-503"} or {"off":"all"}; with name also client, provider and seconds',
    change: ({ failures, rally, gocd }, sent) => {
      const asked = z.union([on, off]).safeParse(sent).data;
      if (!asked) return undefined;
      if ('off' in asked) {
        failures.switchOff(asked.off === 'all' ? undefined : asked.off);
        return asked.off === 'all' ? 'Every failure is off.' : `${asked.off} is off.`;
      }
      if (asked.name === EXPIRE) {
        rally.grants.expireAccessTokens();
        gocd.grants.expireAccessTokens();
        return 'No access token that was issued so far works any more; refresh tokens do.';
      }
      const { name, times, client, provider, seconds } = asked;
      failures.switchOn({ name, times, client, provider, seconds });
      return `${name} is on.`;
    },
  },
  clock: {
    expects: '{"forwardSeconds":60}',
    change: (world, sent) => {
      const asked = clock.safeParse(sent).data;
      if (!asked) return undefined;
      world.clock.putForward(asked.forwardSeconds * 1000);
      return `It is now ${new Date(world.clock.now()).toUTCString()} here.`;
    },
  },
  people: {
    expects:
      '{"provider":"rally","userName":"ada@example.test","status":"disabled"}; or active, or deleted',
    change: (world, sent) => {
      const asked = person.safeParse(sent).data;
      const people = asked ? world[asked.provider].people : [];
      const found = people.find(({ userName }) => userName === asked?.userName);
      if (!asked || !found) return undefined;
      found.status = asked.status;
      return `${found.displayName} is ${asked.status}.`;
    },
  },
} as const satisfies Record<string, Switch>;
