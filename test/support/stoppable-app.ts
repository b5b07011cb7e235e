import { afterEach, beforeEach } from '@jest/globals';
import { endRuns, freePort, printed, run, type Run } from './process.js';
import {
  comeBack,
  hold,
  json,
  startStubProvider,
  type Answer,
  type StubProvider,
} from './stub-provider.js';
import { Visitor } from './visitor.js';
import { hangUpAll } from './wire.js';

// A process whose Rally is a stub, and a page of it that waits for that Rally.

export const TOKEN = '/login/oauth2/token';
export const STORIES = '/slm/webservice/v2.0/hierarchicalrequirement';
export const EMPTY = json({
  QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] },
});
/** In the log of a process that has cut off requests. */
export const CUT = 'their time is over';

/** For each test of a file: the stub and its processes. */
export class StoppableApp {
  stub!: StubProvider;
  url = '';

  constructor() {
    beforeEach(async () => {
      this.stub = await startStubProvider();
      this.stub.answers.set(TOKEN, json({ access_token: 'the-token-of-the-stub-1' }));
      this.stub.answers.set(
        '/slm/webservice/v2.0/user',
        json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } }),
      );
    });
    afterEach(async () => {
      hangUpAll();
      await endRuns();
      await this.stub.close();
    });
  }

  async run(environment: Record<string, string> = {}): Promise<Run> {
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    const server = run('dist/server.js', {
      PORT: String(port),
      LOG_LEVEL: 'info',
      RALLY_SERVER: this.stub.url,
      RALLY_CLIENT_ID: 'the-client',
      RALLY_CLIENT_SECRET: 'the-client-secret-of-rally',
      ...environment,
    });
    await printed(server, 'The app is at');
    return server;
  }

  /** Somebody signs in and asks for a page; the provider answers at `path` when the test says so. */
  async pageInFlight(path = STORIES, answer: Answer = EMPTY): Promise<InFlight> {
    const signedIn = await comeBack(new Visitor(), this, 'rally');
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const held = hold(this.stub, path, answer);
    const browser = new AbortController();
    const page = fetch(`${this.url}/rally`, {
      headers: { Cookie: cookie },
      signal: browser.signal,
    });
    return { page, browser, cookie, answerNow: await held };
  }
}

export interface InFlight {
  readonly page: Promise<Response>;
  /** Lets the provider answer. */
  readonly answerNow: () => void;
  readonly browser: AbortController;
  readonly cookie: string;
}

/** Makes the process do something of the test's own when it gets a signal. */
export function doing(signal: NodeJS.Signals, code: string): Record<string, string> {
  const script = `process.on('${signal}', () => { ${code} });`;
  // In base64: the address of the module stands in stacks, and what it does would stand there, too.
  const module = `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`;
  return { NODE_OPTIONS: `--import=${module}` };
}
