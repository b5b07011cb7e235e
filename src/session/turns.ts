/**
 * Lets work of the same name be done one after the other, within this process. Nobody waits for ever:
 * work ends by itself, as each request to a provider and each command of Redis has a time of its own;
 * and no other process can be killed in the middle of it, which is why locks in Redis have an end.
 */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (this.last.get(name) ?? Promise.resolve()).then(work, work);
    // SECURITY.md A5: two requests at the same moment would both find a state unused.
    this.last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === mine) this.last.delete(name);
    }
  }
}
