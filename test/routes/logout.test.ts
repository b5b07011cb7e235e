import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signIn } from '../support/dance.js';
import { closeAll, start, type Started } from '../support/start.js';
import { Visitor, type Page } from '../support/visitor.js';

let started: Started;
let visitor: Visitor;

beforeAll(async () => {
  started = await start();
});
beforeEach(() => {
  visitor = new Visitor();
});
afterAll(closeAll);

function linksOf({ $ }: Page): (string | undefined)[] {
  return $('main a')
    .toArray()
    .map((link) => $(link).attr('href'));
}

describe('GET /logout', () => {
  test('shows the button, signs nobody out, and says where the grants can be removed', async () => {
    await signIn(visitor, started, 'rally');
    await signIn(visitor, started, 'gocd');
    const page = await visitor.visit(`${started.url}/logout`);

    expect(page.$('form[action="/logout"] button')).toHaveLength(1);
    expect(linksOf(page)).toEqual([
      `${started.sandbox.url}/login/accounts/index.html#/apps`,
      `${started.sandbox.gocdUrl}/oauth/user_tokens`,
    ]);
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('speaks of the connected provider alone', async () => {
    await signIn(visitor, started, 'gocd');

    expect(linksOf(await visitor.visit(`${started.url}/logout`))).toEqual([
      `${started.sandbox.gocdUrl}/oauth/user_tokens`,
    ]);
  });

  test('offers nothing to remove to somebody who is connected to nobody', async () => {
    const page = await visitor.visit(`${started.url}/logout`);

    expect(page.$('form[action="/logout"] button')).toHaveLength(1);
    expect(linksOf(page)).toEqual([]);
    expect(page.$('h2')).toHaveLength(0);
  });
});

describe('POST /logout', () => {
  test('forgets every token: the session is gone from the server too', async () => {
    await signIn(visitor, started, 'rally');
    const end = await signIn(visitor, started, 'gocd');
    const page = await visitor.visit(`${started.url}/logout`);
    const cookie = String(end.headers['set-cookie']);
    const answer = await visitor.submit(page, 'form');

    expect(answer.location.href).toBe(`${started.url}/`);
    expect(String(answer.headers['set-cookie'])).toMatch(/^sid=; .*Expires=Thu, 01 Jan 1970/);
    expect(cookie).toBeDefined();
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(401);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(401);
  });

  test('works for a person who is not signed in', async () => {
    const answer = await visitor.submit(await visitor.visit(`${started.url}/logout`), 'form');

    expect(answer.status).toBe(303);
  });
});

describe('POST /logout/rally', () => {
  test('forgets Rally, and leaves GoCD connected', async () => {
    await signIn(visitor, started, 'gocd');
    await signIn(visitor, started, 'rally');
    await visitor.submit(await visitor.visit(started.url), 'form[action="/logout/rally"]');

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(401);
    expect((await visitor.visit(`${started.url}/gocd`)).status).toBe(200);
  });
});

describe('POST /logout/rally with nothing else connected', () => {
  test('forgets Rally too', async () => {
    await signIn(visitor, started, 'rally');
    await visitor.submit(await visitor.visit(started.url), 'form[action="/logout/rally"]');

    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(401);
  });
});

describe.each(['/logout', '/logout/rally', '/logout/gocd'])('POST %s, forged', (path) => {
  test('without the token of the session is refused, and nobody is signed out', async () => {
    await signIn(visitor, started, 'rally');

    expect((await visitor.post(started.url + path)).status).toBe(403);
    expect((await visitor.post(started.url + path, { csrf_token: 'guessed' })).status).toBe(403);
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('from another site is refused, even with the token', async () => {
    await signIn(visitor, started, 'rally');
    const page = await visitor.visit(`${started.url}/logout`);
    const csrf_token = page.$('[name=csrf_token]').attr('value') ?? '';
    const forged = await visitor.post(
      started.url + path,
      { csrf_token },
      { Origin: 'https://evil.example' },
    );

    expect(csrf_token).not.toBe('');
    expect(forged.status).toBe(403);
    expect((await visitor.visit(`${started.url}/rally`)).status).toBe(200);
  });

  test('by a browser without a session is refused', async () => {
    const answer = await new Visitor().post(started.url + path);

    expect(answer.status).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});
