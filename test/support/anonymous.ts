/** What somebody asks for who has no session, and how it is answered. */
const VISITS: readonly (readonly [string, number, RequestInit?])[] = [
  ['/', 200],
  ['/', 200, { headers: { Cookie: 'sid=s%3Amade-up.signature; other=1' } }],
  ['/', 200, { method: 'HEAD' }],
  ['/rally', 401],
  ['/gocd', 401, { headers: { Accept: 'application/json' } }],
  ['/oauth-redirect?state=made-up&code=made-up', 403],
  ['/oauth-redirect/gocd?error=access-denied', 403],
  ['/login/rally?return_to=https://evil.example', 400],
  ['/logout', 403, { method: 'POST' }],
  ['/rally/api-key', 403, { method: 'POST', body: new URLSearchParams({ credential: 'x' }) }],
  ['/', 405, { method: 'PUT' }],
  ['/nothing', 404],
  ['/public/style.css', 200],
  ['/healthz', 200],
  ['/readyz', 200],
];

/**
 * Sends the visits of many people who only look around, over and over.
 *
 * @param count of visits
 * @throws when an answer has another status than it should, or a cookie
 */
export async function lookAround(url: string, count: number, atOnce = 20): Promise<void> {
  let sent = 0;
  const visitor = async () => {
    while (sent < count) {
      const [path, status, init] = VISITS[sent++ % VISITS.length] ?? ['/', 200];
      const answer = await fetch(url + path, { redirect: 'manual', ...init });
      await answer.arrayBuffer();
      const isRight = answer.status === status || answer.status === 429;
      if (!isRight || answer.headers.getSetCookie().length > 0) {
        throw new Error(`${path}: ${answer.status} ${answer.headers.getSetCookie().join()}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, visitor));
}
