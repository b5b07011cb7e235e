// The connection to Redis. Every command is answered within a second or fails: people wait for it.
import type { Logger } from 'pino';
import { createClient, ErrorReply } from 'redis';
import type { RedisSettings } from '../config.js';
import { SessionStoreError, STORE_LIMITS, type StoreLimits } from './store.js';

const LONGEST_PAUSE_MS = 2_000;

type Client = ReturnType<typeof createClientFor>;

export class RedisConnection {
  /** Resolves when Redis answers for the first time. */
  readonly opened: Promise<unknown>;
  private client: Client;
  private isAway = false;
  /** When a first command was not answered, if none has been since. */
  private silentSince: number | undefined;

  constructor(
    private readonly settings: RedisSettings,
    private readonly log: Logger,
    private readonly limits: Pick<StoreLimits, 'commandMs' | 'longestSilenceMs'> = STORE_LIMITS,
  ) {
    this.client = this.createClient();
    // Tries until it succeeds: neither side has to be started first.
    this.opened = this.client.connect().catch(() => undefined);
  }

  /** @throws {SessionStoreError} when Redis is away, does not answer in time, or refuses */
  async ask<Answer>(command: (client: Client) => Promise<Answer>): Promise<Answer> {
    try {
      // SECURITY.md G5: without a limit each request would wait for a Redis that hangs.
      const answer = await inTime(command(this.client), this.limits.commandMs);
      this.silentSince = undefined;
      return answer;
    } catch (error) {
      if (error instanceof SilenceError) this.hearNothing();
      throw unavailable(error);
    }
  }

  async close(): Promise<void> {
    await inTime(this.client.close(), this.limits.commandMs).catch(() => {
      this.client.destroy();
    });
  }

  private hearNothing(): void {
    const now = performance.now();
    this.silentSince ??= now;
    if (now - this.silentSince < this.limits.longestSilenceMs) return;
    this.silentSince = undefined;
    this.goAway('no answer');
    this.client.destroy();
    this.client = this.createClient();
    this.client.connect().catch(() => undefined);
  }

  private createClient(): Client {
    const client = createClientFor(this.settings);
    client.on('error', (error) => {
      this.goAway(whyAway(error));
    });
    client.on('ready', () => {
      if (this.isAway) this.log.info('Redis is back');
      this.isAway = false;
    });
    return client;
  }

  /** Says once that Redis is away, however often it is tried. */
  private goAway(reason: string): void {
    if (this.isAway) return;
    this.isAway = true;
    this.log.error(
      { reason },
      'Redis is away: check REDIS_URL. Pages that need a session answer 503',
    );
  }
}

function createClientFor({ url, verifiesCertificate }: RedisSettings) {
  return createClient({
    url,
    // Refused at once while Redis is away: a request that waits for it would hang.
    disableOfflineQueue: true,
    socket: {
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_PAUSE_MS),
      ...(url.startsWith('rediss:') && { tls: true, rejectUnauthorized: verifiesCertificate }),
    },
  });
}

/** `ECONNREFUSED`, or the word that Redis begins a refusal with: `WRONGPASS`, `NOAUTH`. */
function whyAway(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error) return String(error.code);
  return /^[A-Z]{3,}\b/.exec(error.message)?.[0] ?? error.constructor.name;
}

class SilenceError extends Error {}

/** The client's own timeout is for what it has not sent yet. A Redis that hangs has taken it. */
async function inTime<Answer>(answer: Promise<Answer>, ms: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // A busy process comes to its timers before the answers that have arrived.
      setImmediate(reject, new SilenceError());
    }, ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Without the cause: a command's error may repeat what was to be written. Of Redis's own ones the
 * first word (LOADING, READONLY, OOM…) says what is wrong.
 */
function unavailable(error: unknown): SessionStoreError {
  if (error instanceof ErrorReply) return new SessionStoreError(error.message.split(' ', 1)[0]);
  return new SessionStoreError(error instanceof Error ? error.constructor.name : 'unknown');
}
