/** Which requests wait in one queue, and how many of them may be under way at the same time. */
export interface Queue {
  readonly name: string;
  readonly atOnce: number;
}

interface State {
  underWay: number;
  /** Lets each go on, in the order in which they came. */
  readonly waiting: Set<() => void>;
}

/** Lets the requests of each queue through, so many at once; the others wait, first come, first served. */
export class Queues {
  private readonly states = new Map<string, State>();

  /**
   * Waits for a place.
   *
   * @param endsOf makes what ends a wait, where there is one: any of these signals
   * @returns what leaves the place to the next request, to be called once; undefined when the wait was
   *   ended
   */
  async enter(
    { name, atOnce }: Queue,
    endsOf: () => readonly AbortSignal[],
  ): Promise<(() => void) | undefined> {
    const state = this.states.get(name) ?? { underWay: 0, waiting: new Set() };
    this.states.set(name, state);
    if (state.underWay < atOnce) state.underWay += 1;
    else if (!(await waitForPlace(state, endsOf()))) return undefined;
    return () => {
      const [next] = state.waiting;
      if (next) next();
      else state.underWay -= 1;
      if (state.underWay === 0) this.states.delete(name);
    };
  }
}

/** The request that ends hands its place over, so the number of those under way stays the same. */
function waitForPlace({ waiting }: State, ends: readonly AbortSignal[]): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = (hasPlace: boolean) => {
      waiting.delete(goOn);
      for (const signal of ends) signal.removeEventListener('abort', giveUp);
      resolve(hasPlace);
    };
    const goOn = () => {
      stop(true);
    };
    const giveUp = () => {
      stop(false);
    };
    waiting.add(goOn);
    for (const signal of ends) signal.addEventListener('abort', giveUp);
    if (ends.some(({ aborted }) => aborted)) giveUp();
  });
}
