import type { Part, Parts, Place, Recordings } from './recordings.js';

/** Of some ten thousand characters each. The oldest goes first. */
const MOST_RECORDINGS = 500;

interface Kept {
  readonly parts: Parts;
  readonly until: number;
}

/** Recordings of one process, as its sessions are. */
export class MemoryRecordings implements Recordings {
  private readonly kept = new Map<string, Kept>();

  /** @param ttlMs how long a recording lives from its newest part on, in milliseconds */
  constructor(private readonly ttlMs: number) {}

  begin(place: Place, part: Part, value: object): Promise<void> {
    this.set(place, { [part]: value });
    return Promise.resolve();
  }

  keep(place: Place, part: Part, value: object): Promise<void> {
    this.set(place, { ...this.partsAt(place), [part]: value });
    return Promise.resolve();
  }

  keepFirst(place: Place, part: Part, value: object): Promise<void> {
    this.set(place, { [part]: value, ...this.partsAt(place) });
    return Promise.resolve();
  }

  read(place: Place): Promise<Parts> {
    return Promise.resolve(this.partsAt(place));
  }

  forget(place: Place): Promise<void> {
    this.kept.delete(keyOf(place));
    return Promise.resolve();
  }

  private partsAt(place: Place): Parts {
    const kept = this.kept.get(keyOf(place));
    return kept && kept.until > Date.now() ? kept.parts : {};
  }

  private set(place: Place, parts: Parts): void {
    const key = keyOf(place);
    this.kept.delete(key); // what is set anew is the newest
    this.kept.set(key, { parts, until: Date.now() + this.ttlMs });
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_RECORDINGS && oldest !== undefined) this.kept.delete(oldest);
  }
}

function keyOf({ id, provider }: Place): string {
  return `${id}:${provider}`;
}
