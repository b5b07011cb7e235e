import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { settingsFor, startAppProcess, type AppProcess } from './app-process.js';
import { freePort } from './process.js';
import { allow } from './dance.js';
import { RedisServer } from './redis-server.js';
import { askFor } from './sandbox.js';
import { stop } from './start.js';
import { until } from './until.js';
import { Visitor } from './visitor.js';

/** Heroku's router gives up after 30 s. */
const ROUTER_MS = 30_000;

/** Two processes of the app on one Redis, and a sandbox for both. */
export class TwoProcesses {
  /** Token requests that the sandbox's Rally has received: one a sign-in, and one a refresh. */
  tokenRequests = 0;
  /** Those that it has answered. */
  tokenAnswers = 0;
  private apps: readonly AppProcess[] = [];

  private constructor(
    readonly redis: RedisServer,
    readonly sandbox: Sandbox,
    private readonly ports: readonly [number, number],
    private readonly environment: Record<string, string>,
  ) {
    sandbox.server.prependListener('request', ({ url }, response) => {
      if (url !== '/login/oauth2/token') return;
      this.tokenRequests++;
      response.once('finish', () => this.tokenAnswers++);
    });
  }

  /**
   * @param settings variables of the app that are to differ
   * @param tokenTtlSeconds how long the sandbox's access tokens live; a day where it is left out
   */
  static async start(
    settings: Record<string, string> = {},
    tokenTtlSeconds?: number,
  ): Promise<TwoProcesses> {
    const redis = await RedisServer.start();
    const ports = [await freePort(), await freePort()] as const;
    // One public address: the router in front of both.
    const SERVER_URL = `http://localhost:${ports[0]}`;
    const sandbox = await startSandbox(
      {
        ...{ port: 0, stories: 20, pipelines: 2, latencyMs: 0 },
        ...(tokenTtlSeconds !== undefined && { tokenTtlSeconds }),
      },
      { rally: `${SERVER_URL}/oauth-redirect`, gocd: `${SERVER_URL}/oauth-redirect/gocd` },
    );
    const two = new TwoProcesses(redis, sandbox, ports, {
      ...settingsFor(sandbox),
      SERVER_URL,
      SESSION_SECRET: 'a secret that both processes know, of 32 characters or more',
      REDIS_URL: redis.url,
      RATE_LIMIT_PER_MINUTE: '0',
      ...settings,
    });
    await two.startApps();
    return two;
  }

  /** As it was at the start: Redis is there and empty, no failure is switched on, all counts are 0. */
  async reset(): Promise<void> {
    this.redis.signal('SIGCONT');
    await this.redis.start();
    await this.redis.empty();
    await this.areReady();
    this.sandbox.world.failures.switchOff();
    this.tokenRequests = 0;
    this.tokenAnswers = 0;
  }

  /** Waits until both processes have found their Redis. */
  async areReady(): Promise<void> {
    for (const process of [0, 1] as const) {
      await until(async () => (await this.browser().ask(process, '/readyz')).status === 200);
    }
  }

  async startApps(): Promise<void> {
    this.apps = await Promise.all(
      this.ports.map((port) => startAppProcess(port, this.environment)),
    );
  }

  async killApps(): Promise<void> {
    await Promise.all(this.apps.map(({ kill }) => kill()));
  }

  async killApp(index: 0 | 1): Promise<void> {
    await this.apps[index]?.kill();
  }

  /** What the processes printed to standard error: their log is elsewhere. */
  get errors(): string {
    return this.apps.map(({ errors }) => errors()).join('');
  }

  /** What they logged: warnings, and errors. */
  get log(): string {
    return this.apps.map(({ output }) => output()).join('');
  }

  get haveEnded(): boolean {
    return this.apps.some(({ child }) => child.exitCode !== null || child.signalCode !== null);
  }

  /** A browser that knows nobody yet. */
  browser(): Browser {
    return new Browser(this.ports);
  }

  /** Somebody signs in to Rally: every request goes to the other process than the one before. */
  async signIn(username = 'ada@example.test'): Promise<Browser> {
    const browser = this.browser();
    const back = await this.allow(await browser.ask(0, '/login/rally'), username);
    const done = await browser.ask(1, back);
    if (done.status !== 303) throw new Error(`the sign-in ended with ${done.status}`);
    return browser;
  }

  /** At the provider, where a redirect leads: the person logs in and allows. Leads back to the app. */
  async allow(redirect: Answer, username = 'ada@example.test'): Promise<string> {
    const visitor = new Visitor();
    return (await allow(visitor, await askFor(visitor, new URL(redirect.location), username))).href;
  }

  /** Rally takes no access token any more that it has issued so far; refresh tokens it takes. */
  expireAccessTokens(): void {
    this.sandbox.world.rally.grants.expireAccessTokens();
  }

  /** Leaves sessions locked, as a process does that is killed while it changes them. */
  async lockSessions(): Promise<void> {
    await this.redis.withClient(async (client) => {
      for (const key of await client.keys('*:session:*')) {
        const expiration = { type: 'PX', value: 5_000 } as const;
        await client.set(key.replace(':session:', ':lock:session:'), 'killed', { expiration });
      }
    });
  }

  /** @param seconds how late a slow answer comes */
  switchOn(failure: string, seconds = 0): void {
    const all = { times: undefined, client: undefined, provider: undefined };
    this.sandbox.world.failures.switchOn({ ...all, name: failure, seconds });
  }

  async close(): Promise<void> {
    await this.killApps();
    await stop(this.sandbox.server);
    await this.redis.close();
  }
}

export interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

/** A browser whose requests the router sends to one process or the other. */
export class Browser {
  private cookie = '';

  constructor(private readonly ports: readonly [number, number]) {}

  async ask(process: 0 | 1, path: string): Promise<Answer> {
    const url = new URL(path, 'http://localhost');
    const answer = await fetch(
      `http://127.0.0.1:${this.ports[process]}${url.pathname}${url.search}`,
      {
        headers: { Cookie: this.cookie },
        redirect: 'manual',
        signal: AbortSignal.timeout(ROUTER_MS),
      },
    );
    const [set] = answer.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.split(';')[0] ?? '';
    const { status, headers } = answer;
    return { status, location: headers.get('location') ?? '', text: await answer.text() };
  }

  /** Asks for a page so many times in the same moment, half of it of each process. */
  async askAtOnce(path: string, times: number): Promise<readonly number[]> {
    return Promise.all(
      Array.from({ length: times }, async (_, index) => {
        return (await this.ask(index % 2 === 0 ? 0 : 1, path)).status;
      }),
    );
  }
}
