/**
 * A map whose entries end some time after they were set. No timer ends them: a timer that is set during
 * a request keeps all that belongs to it in memory, its secrets too (`inBrowserRequest`).
 */
export class ExpiringMap<Key, Value> {
  private readonly entries = new Map<Key, { readonly value: Value; readonly until: number }>();

  /** @param lifeMs of each entry, in milliseconds */
  constructor(private readonly lifeMs: number) {}

  get(key: Key): Value | undefined {
    const entry = this.entries.get(key);
    return entry && entry.until > Date.now() ? entry.value : undefined;
  }

  set(key: Key, value: Value): void {
    const now = Date.now();
    for (const [oldest, { until }] of this.entries) {
      if (until > now) break; // they stand in the order in which they end
      this.entries.delete(oldest);
    }
    this.entries.delete(key);
    this.entries.set(key, { value, until: now + this.lifeMs });
  }
}
