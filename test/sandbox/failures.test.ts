// The table in src/sandbox/README.md says what the app shows for each failure that the sandbox can be
// told to have. Here it is held against the app; failure-answers.test.ts holds the rest of the table.
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { FAILURES } from '../../src/sandbox/failures.js';
import { allow, goToConsent, signIn } from '../support/dance.js';
import { failureTable, type Provider } from '../support/failure-table.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

/** One does not wait for a request; one waits for a refresh, and the app asks the person instead. */
const NOT_MET_BY_THE_APP = ['expire-access-tokens', 'token-refresh-refused'];

let started: Started;
let visitor: Visitor;

afterEach(closeAll);

describe('the table of failures in src/sandbox/README.md', () => {
  test('has every failure, and none that the sandbox does not know', () => {
    const known = Object.values(FAILURES).flatMap((failures) => [...failures.keys()]);

    expect([...new Set(failureTable.map(({ failure }) => failure))].sort()).toEqual(
      [...known, 'expire-access-tokens'].sort(),
    );
  });

  test.each(failureTable)(
    '$failure at $provider: it strikes, and the app shows $shown',
    async ({ failure, provider, shown }) => {
      await startFor(failure);
      const page = await meet(failure, provider);
      const { all: received } = started.sandbox.world.received;

      expect(`${page.status} ${page.$('h1').text()}`).toBe(shown);
      if (!NOT_MET_BY_THE_APP.includes(failure)) {
        expect(received.map((exchange) => exchange.failure)).toContain(failure);
      }
    },
  );
});

describe.each([
  { provider: 'rally', path: '/login/oauth2/token', grantType: 'authorization_code' },
  { provider: 'gocd', path: '/go/oauth/token', grantType: 'authorization-code' },
] as const)('POST $path', ({ provider, path, grantType }) => {
  test('burns the code when token-invalid-grant strikes: a second try must not succeed', async () => {
    await startFor('token-invalid-grant');
    const consent = await goToConsent(visitor, started, provider);
    const code = (await allow(visitor, consent)).searchParams.get('code') ?? '';
    const [client] = started.sandbox.world[provider].clients;
    const exchange = () =>
      supertest(started.sandbox.url).post(path).type('form').send({
        grant_type: grantType,
        code,
        client_id: client?.id,
        client_secret: client?.secret,
        redirect_uri: client?.redirectUri,
      });
    await switchOn({ name: 'token-invalid-grant', times: 1 });

    expect((await exchange()).status).toBe(400);
    expect((await exchange()).status).toBe(400);
  });
});

/** The app waits as long as a machine may need, but for an answer that never comes to an end. */
async function startFor(failure: string): Promise<void> {
  const neverEnds = /-(hanging|dripping)$/.test(failure);
  started = await start({ environment: { UPSTREAM_TIMEOUT_MS: neverEnds ? '1000' : '15000' } });
  visitor = new Visitor();
}

/** Goes to where the failure strikes, switches it on, and takes the step that meets it. */
async function meet(failure: string, provider: Provider): Promise<Page> {
  const page = `${started.url}/${provider}`;
  const connect = `${started.url}/login/${provider}`;
  switch (failure.split('-')[0]) {
    case 'authorize': {
      await switchOn({ name: failure });
      await goToLogin(connect);
      return visitor.browse(connect);
    }
    case 'token': {
      if (failure === 'token-refresh-refused') {
        await signIn(visitor, started, provider);
        await switchOn({ name: 'expire-access-tokens' });
        await switchOn({ name: failure });
        return visitor.visit(page);
      }
      const consent = await goToConsent(visitor, started, provider);
      const back = await allow(visitor, consent);
      await switchOn({ name: failure, ...slowly(failure) });
      return visitor.browse(back);
    }
    default: {
      await signIn(visitor, started, provider);
      await switchOn({ name: failure, ...slowly(failure) });
      return visitor.visit(page);
    }
  }
}

/** GoCD looks at nothing before it knows who asks. */
async function goToLogin(connect: string): Promise<void> {
  const login = await visitor.browse(connect);
  if (login.$('input[name=password]').length === 0) return;
  await visitor.submit(login, 'form', { username: 'ada', password: 'sandbox' });
}

function slowly(failure: string) {
  return failure.endsWith('-slow') ? { seconds: 0.05 } : {};
}

async function switchOn(body: object): Promise<void> {
  const { status } = await supertest(started.sandbox.url).post('/_sandbox/failures').send(body);
  expect(status).toBe(200);
}
