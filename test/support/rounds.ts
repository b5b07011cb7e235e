import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, TwoProcesses } from './two-processes.js';

// People whose tokens end again and again while their pages are asked of two processes.

/** Some are active at the sandbox's Rally; each may sit at several browsers. */
const PEOPLE = ['ada@example.test', 'sol@example.test', 'nia@example.test'];

/** As in `withConnection`: a token is refreshed when less than this part of its life is left. */
const DUE = 0.1;

export interface Rounds {
  readonly rounds: number;
  /** How many browsers are signed in at once. */
  readonly sessions: number;
  /** How many pages each of them asks for in a round. */
  readonly pages: number;
  /** Every which round tokens run out by themselves, while pages are asked for; in all others Rally
   * stops taking them, and nobody has been told. */
  readonly runOutEvery: number;
}

export interface Outcome {
  readonly pages: number;
  readonly tokenRequests: number;
  /** What should not have been: one line a round, in words. */
  readonly faults: readonly string[];
}

/**
 * A round: every token ends, every session asks for pages of both processes at once. Each answer must
 * be good, each session renewed by one token request, and signed in with its newest token after it.
 *
 * @param two with tokens that outlive a round
 * @param tell is called after each round
 */
export async function runRounds(
  two: TwoProcesses,
  { rounds, sessions, pages, runOutEvery }: Rounds,
  tell: (round: number) => void = () => undefined,
): Promise<Outcome> {
  const seats: Seat[] = [];
  for (let index = 0; index < sessions; index++) seats.push(await takeASeat(two, index));
  const dueMs = (two.sandbox.world.options.tokenTtlSeconds ?? 0) * 1000 * DUE;
  const faults: string[] = [];
  const total = { pages: 0, tokenRequests: 0 };
  for (let round = 1; round <= rounds; round++) {
    const before = two.tokenRequests;
    const former = seats.map(({ tokens }) => tokens()?.accessToken);
    const runOut = round % runOutEvery === 0;
    if (!runOut) two.expireAccessTokens();
    const answers = await Promise.all(
      seats.map((seat) =>
        runOut ? whileItRunsOut(seat, pages, dueMs) : seat.browser.askAtOnce('/rally', pages),
      ),
    );
    const tokenRequests = two.tokenRequests - before;
    const renewed = seats.filter(({ tokens }, index) => tokens()?.accessToken !== former[index]);
    // The newest token is the only one that Rally takes: whoever has another asks for a new one.
    const later = await Promise.all(seats.map(({ browser }) => browser.askAtOnce('/rally', 2)));
    const found = {
      refusals: [...answers.flat(), ...later.flat()].filter((status) => status !== 200),
      tokenRequests: [tokenRequests, two.tokenRequests - before],
      renewed: renewed.length,
    };
    const good = { refusals: [], tokenRequests: [sessions, sessions], renewed: sessions };
    if (!isDeepStrictEqual(found, good)) {
      faults.push(`round ${round}: ${JSON.stringify(found)}`);
      // Whoever was signed out is signed in again, so that the next rounds count for themselves.
      for (const index of seats.keys()) seats[index] = await takeASeat(two, index);
    }
    total.pages += answers.flat().length + later.flat().length;
    total.tokenRequests += tokenRequests;
    tell(round);
  }
  return { ...total, faults };
}

async function takeASeat(two: TwoProcesses, index: number): Promise<Seat> {
  const browser = await two.signIn(PEOPLE[index % PEOPLE.length]);
  const line = two.sandbox.world.rally.grants.lines.at(-1);
  if (!line) throw new Error('nobody has signed in');
  return { browser, tokens: () => line.tokens };
}

interface Seat {
  readonly browser: Browser;
  /** The sandbox's own record of what this session was given last. */
  readonly tokens: () => { accessToken: string; expiresAt: number } | undefined;
}

/** Asks for pages in five waves: before the token is due, when it is, until after its end. */
async function whileItRunsOut(
  { browser, tokens }: Seat,
  pages: number,
  dueMs: number,
): Promise<readonly number[]> {
  const end = tokens()?.expiresAt ?? 0;
  const waves = [-1.5, -1, -0.5, 0, 0.5].map(async (at) => {
    await delay(end + at * dueMs - Date.now());
    return browser.askAtOnce('/rally', pages / 5);
  });
  return (await Promise.all(waves)).flat();
}
