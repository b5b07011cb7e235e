// What a session survives, and what ends it.
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { signIn } from './support/dance.js';
import { closeAll, start } from './support/start.js';
import {
  comeBack,
  hold,
  json,
  reset,
  respond,
  startStubProvider,
  startWithStub,
  type StubProvider,
} from './support/stub-provider.js';
import { Visitor } from './support/visitor.js';

const HOUR_MS = 60 * 60 * 1000;

let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

function hoursPass(hours: number): void {
  const now = Date.now() + hours * HOUR_MS;
  jest.spyOn(Date, 'now').mockReturnValue(now);
}

describe('a session', () => {
  test('ends when it was idle for SESSION_TTL_HOURS, and each visit prolongs it', async () => {
    const started = await start({ environment: { SESSION_TTL_HOURS: '2' } });
    await signIn(visitor, started, 'gocd');
    const visit = async () => (await visitor.visit(`${started.url}/gocd`)).status;

    hoursPass(1.9);
    expect(await visit()).toBe(200);
    hoursPass(1.9);
    expect(await visit()).toBe(200);
    hoursPass(2.1);
    expect(await visit()).toBe(401);
  });

  test('lasts seven days at most, however busy it is', async () => {
    const started = await start({ environment: { SESSION_TTL_HOURS: '168' } });
    await signIn(visitor, started, 'gocd');
    const visit = async () => (await visitor.visit(`${started.url}/gocd`)).status;

    hoursPass(6 * 24);
    expect(await visit()).toBe(200);
    hoursPass(25);
    expect(await visit()).toBe(401);
  });

  test('with nothing but a sign-in under way ends after a quarter of an hour', async () => {
    const { url } = await start();
    const page = await visitor.visit(`${url}/logout`);
    hoursPass(0.26);

    expect((await visitor.submit(page, 'form')).status).toBe(403);
  });

  test('of a person is not crowded out by sign-ins that others only begin', async () => {
    const started = await start({
      environment: { RATE_LIMIT_PER_MINUTE: '0' },
      limits: { mostSessions: 10 },
    });
    await signIn(visitor, started, 'rally');
    for (let begun = 0; begun < 20; begun++) {
      await fetch(`${started.url}/login/rally`, { redirect: 'manual' });
    }

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });
});

describe('requests of one session at the same moment', () => {
  let stub: StubProvider;
  beforeEach(async () => {
    stub = await startStubProvider();
    stub.answers.set('/login/oauth2/token', json({ access_token: 'the-token-of-the-stub-1' }));
    stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub-2' }));
    stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', '<Projects></Projects>'));
    stub.answers.set('/slm/webservice/v2.0/user', respond(500, 'text/html', 'not now'));
    stub.answers.set(
      '/slm/webservice/v2.0/hierarchicalrequirement',
      json({ QueryResult: { Errors: [], Warnings: [], TotalResultCount: 0, Results: [] } }),
    );
  });
  afterEach(() => stub.close());

  /** Lets a provider wait with one answer; it is there when this resolves. */
  async function holdAnswer(path: string, later = stub.answers.get(path)): Promise<() => void> {
    return new Promise((arrived) => {
      stub.answers.set(path, (request, response) => {
        arrived(() => {
          later?.(request, response);
        });
      });
    });
  }

  /** Opens /rally in one tab, and lets something happen in another before Rally answers. */
  async function during(url: string, happens: () => Promise<void>): Promise<number> {
    const me = json({ User: { Errors: [], ObjectID: 7, DisplayName: 'Ada' } });
    const held = hold(stub, '/slm/webservice/v2.0/user', me);
    const slow = visitor.visit(`${url}/rally`);
    const answerNow = await held;
    await happens();
    answerNow();
    return (await slow).status;
  }

  test('a slow page does not undo a sign-in that was begun meanwhile', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'rally');
    let state = '';
    await during(started.url, async () => {
      const { location } = await visitor.visit(`${started.url}/login/gocd`);
      state = location.searchParams.get('state') ?? '';
    });
    const back = `${started.url}/oauth-redirect/gocd?code=the-code&state=${state}`;

    expect((await visitor.visit(back)).status).toBe(303);
  });

  test('a slow page does not undo a sign-in that was finished meanwhile', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'rally');
    await during(started.url, async () => {
      await comeBack(visitor, started, 'gocd');
    });

    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('a token that GoCD killed does not take the one down that another tab has just got', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'gocd');
    const refused = respond(401, 'application/xml', '<access-denied/>');
    const held = hold(stub, '/go/cctray.xml', refused);
    const slow = visitor.visit(`${started.url}/gocd`);
    const refuseNow = await held;
    stub.answers.set('/go/oauth/token', json({ access_token: 'the-token-of-the-stub-3' }));
    await comeBack(visitor, started, 'gocd');
    refuseNow();
    stub.answers.set('/go/cctray.xml', respond(200, 'application/xml', '<Projects></Projects>'));

    expect((await slow).status).toBe(401);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });

  test('a sign-in that ends while the session is renewed twice is kept', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'gocd');
    const held = hold(stub, '/slm/webservice/v2.0/user', respond(500, 'text/html', 'not now'));
    const slow = comeBack(visitor, started, 'rally');
    const answerNow = await held;
    await comeBack(visitor, started, 'gocd');
    await comeBack(visitor, started, 'gocd');
    answerNow();
    await slow;

    expect((await visitor.visit(started.url)).$('.state.good')).toHaveLength(2);
  });

  test('a state works once for requests that arrive in the same instant', async () => {
    const started = await startWithStub(stub);
    const begun = await visitor.visit(`${started.url}/login/gocd`);
    const cookie = String(begun.headers['set-cookie']).split(';')[0] ?? '';
    const state = begun.location.searchParams.get('state') ?? '';
    const path = `/oauth-redirect/gocd?code=the-code&state=${state}`;
    const statuses = await getAtOnce(new URL(path, started.url), cookie, 10);

    expect(statuses.sort()).toEqual(['303', ...Array<string>(9).fill('403')]);
  });

  test('two sign-ins that end together leave both providers connected', async () => {
    const started = await startWithStub(stub);
    const back = async (provider: string) => {
      const { location } = await visitor.visit(`${started.url}/login/${provider}`);
      const query = new URLSearchParams({
        code: 'the-code',
        state: location.searchParams.get('state') ?? '',
      });
      return `${location.searchParams.get('redirect_uri') ?? ''}?${query.toString()}`;
    };
    const [toRally, toGoCD] = [await back('rally'), await back('gocd')];
    answerTogether('/login/oauth2/token', '/go/oauth/token');
    const answers = await Promise.all([visitor.visit(toRally), visitor.visit(toGoCD)]);

    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect(answers.filter(({ headers }) => headers['set-cookie'])).toHaveLength(1);
    expect((await visitor.visit(started.url)).$('.state.good')).toHaveLength(2);
  });

  /** Neither is answered before both have been asked. */
  function answerTogether(...paths: string[]): void {
    const waiting: (() => void)[] = [];
    for (const path of paths) {
      const answer = stub.answers.get(path);
      stub.answers.set(path, (request, response) => {
        waiting.push(() => answer?.(request, response));
        if (waiting.length === paths.length) for (const goOn of waiting) goOn();
      });
    }
  }

  test('a sign-in whose browser left keeps what it had', async () => {
    const started = await startWithStub(stub);
    const connected = await comeBack(visitor, started, 'gocd');
    const { location } = await visitor.visit(`${started.url}/login/rally`);
    const state = location.searchParams.get('state') ?? '';
    const browser = new AbortController();
    const ended = new Promise((resolve) => {
      stub.answers.set('/slm/webservice/v2.0/user', (_request, response) => {
        response.once('close', resolve);
        browser.abort();
      });
    });
    const cookie = String(connected.headers['set-cookie']).split(';')[0] ?? '';
    const left = fetch(`${started.url}/oauth-redirect?code=c&state=${state}`, {
      headers: { Cookie: cookie },
      signal: browser.signal,
    });

    await expect(left).rejects.toThrow(/abort/);
    await ended;
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });

  test.each(['/login/rally', '/logout', '/gocd/access-token'])(
    'a GET of %s with the id of before a sign-in does not sign out who has just signed in',
    async (path) => {
      const started = await startWithStub(stub);
      const former = String((await comeBack(visitor, started, 'gocd')).headers['set-cookie']);
      await comeBack(visitor, started, 'rally');
      const otherTab = new Visitor();
      const late = await otherTab.visit(started.url + path, {
        Cookie: former.split(';')[0] ?? '',
      });

      expect(late.status).toBe(409);
      expect(late.headers['set-cookie']).toBeUndefined();
      expect(late.$('h1').text()).toBe('You have just signed in in another tab');
      expect((await visitor.visit(started.url)).$('.state.good')).toHaveLength(2);
    },
  );

  test('an id of before a sign-in may start anew when the person has logged out', async () => {
    const started = await startWithStub(stub);
    const former = (await visitor.visit(`${started.url}/login/gocd`)).headers['set-cookie'];
    await comeBack(visitor, started, 'gocd');
    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');
    const late = await new Visitor().visit(`${started.url}/login/rally`, {
      Cookie: String(former).split(';')[0] ?? '',
    });

    expect(late.status).toBe(302);
  });

  test('a sign-in during which the person logs out says so, and keeps no token', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'gocd');
    const held = holdAnswer('/login/oauth2/token');
    const signingIn = Promise.resolve(comeBack(visitor, started, 'rally'));
    const answerNow = await held;
    await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');
    answerNow();
    const answer = await signingIn;

    expect(answer.status).toBe(403);
    expect(answer.$('h1').text()).toBe('You were logged out meanwhile');
    expect((await visitor.visit(started.url)).$('.state.good')).toHaveLength(0);
  });

  test('a token pasted before a sign-in does not take the place of what the sign-in brings', async () => {
    const started = await startWithStub(stub);
    const cctray = stub.answers.get('/go/cctray.xml') ?? reset;
    const form = await visitor.visit(`${started.url}/gocd/access-token`);
    const held = holdAnswer('/go/cctray.xml', cctray);
    const credential = '0'.repeat(40);
    const pasting = Promise.resolve(
      visitor.submit(form, 'form[action="/gocd/access-token"]', { credential }),
    );
    const answerNow = await held;
    await comeBack(visitor, started, 'gocd');
    answerNow();
    await pasting;
    stub.answers.set('/go/cctray.xml', cctray);
    await visitor.visit(`${started.url}/gocd`);

    expect(stub.received.at(-1)?.headers.authorization).toBe(
      'Token token="the-token-of-the-stub-2"',
    );
  });

  test('a slow page does not bring back what was logged out meanwhile', async () => {
    const started = await startWithStub(stub);
    await comeBack(visitor, started, 'rally');
    await during(started.url, async () => {
      await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');
    });

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(401);
  });
});

/** Sends the same request on so many connections in one turn; returns the answers' statuses. */
async function getAtOnce(url: URL, cookie: string, count: number): Promise<string[]> {
  const connections = Array.from({ length: count }, () => connect(Number(url.port), '127.0.0.1'));
  const sendAll = (path: string) =>
    Promise.all(
      connections.map((socket) => {
        const head = `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nCookie: ${cookie}`;
        socket.write(`${head}\r\n\r\n`);
        return new Promise<string>((resolve) => {
          socket.once('data', (chunk: Buffer) => {
            resolve(chunk.toString().split(' ')[1] ?? '');
          });
        });
      }),
    );
  // The server takes up new connections one by one; those that have been answered are ready.
  await sendAll('/healthz');
  const statuses = await sendAll(url.pathname + url.search);
  for (const socket of connections) socket.destroy();
  return statuses;
}
