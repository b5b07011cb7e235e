import { promisify } from 'node:util';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import { ExpiringMap } from '../expiring-map.js';
import { MemoryRecordings } from '../walkthrough/memory-recordings.js';
import { STORE_LIMITS, type SessionStore } from './store.js';
import { SUCCESSION_MS } from './succession.js';
import { Turns } from './turns.js';

type SessionData = session.SessionData;
type Callback = (error?: unknown) => void;

const MemoryStore = createMemoryStore(session);

const PRUNE_EVERY_MS = 60_000;

/**
 * memorystore's own pruning reads every record, and so makes the oldest the most recently used:
 * the wrong ones are then dropped. That of the cache inside it (lru-cache 4) does not.
 */
interface PrunableStore {
  readonly store: { prune(): void };
}

/**
 * Sessions in memory, for one process. Those that hold nothing but a sign-in under way are kept
 * apart and for a shorter time: however many of them somebody starts, they crowd out each other
 * and never a person who is signed in.
 */
export class MemorySessions extends session.Store implements SessionStore {
  readonly rateLimits = undefined;
  readonly recordings: MemoryRecordings;
  private readonly turns = new Turns();
  private readonly successors = new ExpiringMap<string, string>(SUCCESSION_MS);
  private readonly pruning: NodeJS.Timeout;
  private readonly connected;
  private readonly pending;

  /**
   * @param connectedTtlMs idle life of a session with a connection
   * @param pendingTtlMs idle life of any other
   * @param max how many sessions of each kind are held
   */
  constructor(connectedTtlMs: number, pendingTtlMs: number, max = STORE_LIMITS.mostSessions) {
    super();
    this.recordings = new MemoryRecordings(connectedTtlMs);
    this.connected = new MemoryStore({ max, ttl: connectedTtlMs });
    this.pending = new MemoryStore({ max, ttl: pendingTtlMs });
    this.pruning = setInterval(() => {
      for (const { store } of [this.connected, this.pending] as unknown as PrunableStore[]) {
        store.prune();
      }
    }, PRUNE_EVERY_MS).unref();
  }

  get(id: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    this.connected.get(id, (error, data) => {
      if (error || data) callback(error, data);
      else this.pending.get(id, callback);
    });
  }

  set(_id: string, _data: SessionData, callback?: Callback): void {
    callback?.();
  }

  override touch(id: string, data: SessionData, callback?: Callback): void {
    this.connected.touch(id, data, () => {
      this.pending.touch(id, data, callback);
    });
  }

  destroy(id: string, callback?: Callback): void {
    this.pending.destroy(id);
    this.connected.destroy(id, callback);
  }

  async read(id: string): Promise<SessionData | undefined> {
    return (await promisify(this.get.bind(this))(id)) ?? undefined;
  }

  async write(id: string, data: SessionData): Promise<void> {
    const [kept, other] = data.connections
      ? [this.connected, this.pending]
      : // SECURITY.md G6: sign-ins that anybody can start must not crowd out signed-in users.
        [this.pending, this.connected];
    other.destroy(id);
    await promisify(kept.set.bind(kept))(id, data);
  }

  async end(id: string): Promise<undefined> {
    await promisify(this.destroy.bind(this))(id);
  }

  oneAtATime<Result>(name: string, _holdMs: number, work: () => Promise<Result>): Promise<Result> {
    return this.turns.take(name, work);
  }

  rememberSuccessor(former: string, id: string): Promise<void> {
    this.successors.set(former, id);
    return Promise.resolve();
  }

  successorOf(id: string): Promise<string | undefined> {
    return Promise.resolve(this.successors.get(id));
  }

  /** It is there whenever the process is. */
  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    clearInterval(this.pruning);
    return Promise.resolve();
  }
}
