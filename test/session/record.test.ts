// What one request does to the session while another is at it, at each moment in which the store
// can be met. Whole sign-ins at the same moment are in ../session.test.ts.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { MemorySessions } from '../../src/session/memory.js';
import {
  changeOrStartSession,
  changeSession,
  endSession,
  readSession,
  moveSession,
} from '../../src/session/record.js';

const HOUR_MS = 60 * 60 * 1000;
const connection = {
  id: 'c',
  kind: 'oauth',
  accessToken: 't',
  connectedAt: 0,
  renewedAt: 0,
} as const;

let store: MemorySessions;
beforeEach(() => {
  store = new MemorySessions(HOUR_MS, HOUR_MS);
  let ids = 0;
  // As express-session does it.
  (store as unknown as { generate: (request: Request) => void }).generate = (request) => {
    Object.assign(request, { sessionID: `id-${++ids}`, session: { cookie: {} } });
  };
});
afterEach(() => store.close());

describe('a log-out', () => {
  test('waits for a change that is under way after a sign-in, and is not undone by it', async () => {
    const browser = await startSession();
    const former = requestOf(browser.sessionID);
    await moveSession(browser, keepConnection);
    const written = hold('write');
    const changing = changeSession(requestOf(browser.sessionID), keepConnection);
    const letItBeWritten = await written;
    const loggingOut = endSession(former);
    await Promise.race([loggingOut, severalTurns()]);
    letItBeWritten();
    await Promise.all([changing, loggingOut]);

    expect(await store.read(browser.sessionID)).toBeUndefined();
  });

  test('waits for a sign-in that is giving the session yet another id, and ends that, too', async () => {
    const browser = await startSession();
    const former = requestOf(browser.sessionID);
    await moveSession(browser, keepConnection);
    const signingIn = requestOf(browser.sessionID);
    const written = hold('write');
    const renewing = moveSession(signingIn, keepConnection);
    const letItBeWritten = await written;
    const loggingOut = endSession(former);
    await Promise.race([loggingOut, severalTurns()]);
    letItBeWritten();
    await Promise.all([renewing, loggingOut]);

    expect(await store.read(signingIn.sessionID)).toBeUndefined();
  });

  test('wins over a sign-in that ends later', async () => {
    const browser = await startSession();
    const signingIn = requestOf(browser.sessionID);
    await endSession(browser);

    expect(await moveSession(signingIn, keepConnection)).toBeUndefined();
  });
});

describe('express-session’s own writing, at the end of each request', () => {
  test('changes nothing: its copy is older than what other requests have written', async () => {
    const { sessionID } = await startSession();
    store.set(sessionID, {} as SessionData);

    expect((await store.read(sessionID))?.csrfToken).toEqual(expect.any(String));
  });
});

describe('a store that goes away while a session is given a new id', () => {
  test('leaves the request with the id that it had, and the session as it was', async () => {
    const browser = await startSession();
    await changeSession(browser, keepConnection);
    const { sessionID } = browser;
    store.write = () => Promise.reject(new Error('away'));

    await expect(moveSession(browser, () => undefined)).rejects.toThrow('away');
    expect(browser.sessionID).toBe(sessionID);
    expect((await readSession(browser))?.connections?.rally).toEqual(connection);
  });
});

describe('a session that has had more ids than one browser ever needs', () => {
  test('is not looked for without end', async () => {
    await store.rememberSuccessor('a', 'b');
    await store.rememberSuccessor('b', 'a');

    expect(await changeSession(requestOf('a'), () => 'found')).toBeUndefined();
  });
});

function keepConnection(data: SessionData): void {
  data.connections = { rally: connection };
}

/** A request of a browser whose cookie names this session. */
function requestOf(sessionID: string): Request {
  const session = { cookie: {}, csrfToken: 'a token' };
  return { sessionID, session, sessionStore: store } as unknown as Request;
}

async function startSession(): Promise<Request> {
  const request = { sessionID: 'none', session: {}, sessionStore: store } as unknown as Request;
  await changeOrStartSession(request, () => undefined);
  return request;
}

/** Of the event loop: more than a log-out needs that waits for nobody. */
async function severalTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Holds the store's next operation of a kind until it is let go. */
async function hold(kind: 'write'): Promise<() => void> {
  const real = store[kind].bind(store);
  return new Promise((arrived) => {
    store[kind] = async (id, data) => {
      store[kind] = real;
      await new Promise<void>((letGo) => {
        arrived(letGo);
      });
      await real(id, data);
    };
  });
}
