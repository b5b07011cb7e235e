import { ExpiringMap } from '../expiring-map.js';
import {
  FORGETTING_MS,
  type Part,
  type Parts,
  type Place,
  type Recordings,
  type Writer,
} from './recordings.js';

/** Of some ten thousand characters each. The oldest goes first. */
const MOST_RECORDINGS = 500;

interface Kept {
  readonly parts: Parts;
  /** When it was begun, in milliseconds since 1970; 0 where it was not. */
  readonly since: number;
  readonly until: number;
}

/** Recordings of one process, as its sessions are. */
export class MemoryRecordings implements Recordings {
  private readonly kept = new Map<string, Kept>();
  /** When each was. */
  private readonly forgotten = new ExpiringMap<string, number>(FORGETTING_MS);

  /** @param ttlMs how long a recording lives from its newest part on, in milliseconds */
  constructor(private readonly ttlMs: number) {}

  begin(writer: Writer, part: Part, value: object): Promise<void> {
    return this.write(writer, () => ({ [part]: value }), writer.arrivedAt);
  }

  keep(writer: Writer, part: Part, value: object): Promise<void> {
    return this.write(writer, (parts) => ({ ...parts, [part]: value }));
  }

  keepFirst(writer: Writer, part: Part, value: object): Promise<void> {
    return this.write(writer, (parts) => ({ [part]: value, ...parts }));
  }

  read(place: Place): Promise<Parts> {
    return Promise.resolve(this.at(place)?.parts ?? {});
  }

  forget(place: Place): Promise<void> {
    this.kept.delete(keyOf(place));
    // SECURITY.md D10: a page that started before the log-out must not bring it back.
    this.forgotten.set(keyOf(place), Date.now());
    return Promise.resolve();
  }

  private write(writer: Writer, change: (parts: Parts) => Parts, since?: number): Promise<void> {
    const former = this.at(writer) ?? { parts: {}, since: 0 };
    const forgottenAt = this.forgotten.get(keyOf(writer)) ?? 0;
    if (writer.arrivedAt >= Math.max(former.since, forgottenAt)) {
      this.set(writer, {
        parts: change(former.parts),
        since: since ?? former.since,
        until: Date.now() + this.ttlMs,
      });
    }
    return Promise.resolve();
  }

  private at(place: Place): Kept | undefined {
    const kept = this.kept.get(keyOf(place));
    return kept && kept.until > Date.now() ? kept : undefined;
  }

  private set(place: Place, kept: Kept): void {
    const key = keyOf(place);
    this.kept.delete(key); // what is set anew is the newest
    this.kept.set(key, kept);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_RECORDINGS && oldest !== undefined) this.kept.delete(oldest);
  }
}

function keyOf({ id, provider }: Place): string {
  return `${id}:${provider}`;
}
