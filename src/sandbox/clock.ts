/**
 * The time in the sandbox: this machine's, put forward as far as somebody asked for. Tokens end and
 * builds go on by it, so that nobody has to wait a day to see what then happens.
 */
export class Clock {
  private ahead = 0;

  /** Milliseconds since 1970, as `Date.now()` counts them. */
  now(): number {
    return Date.now() + this.ahead;
  }

  /** @param ms how far to put the clock forward, in milliseconds */
  putForward(ms: number): void {
    // Dates end 275,760 years from now; a hundred are enough.
    this.ahead = Math.min(this.ahead + ms, 100 * 365 * 86_400_000);
  }
}
