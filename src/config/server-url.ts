import { isLoopback } from '../loopback.js';
import type { Reading } from './environment.js';

/** The address of this app as browsers see it; redirect URIs are built from it. */
export function serverUrl({ environment, given, problems }: Reading): string {
  const isProduction = environment.NODE_ENV === 'production';
  const { SERVER_URL, HEROKU_APP_DEFAULT_DOMAIN_NAME, DYNO, PORT } = environment;
  if (SERVER_URL) {
    // SECURITY.md G1: over plain http anybody on the way reads codes and cookies.
    if (isProduction && !isSecureOrLoopback(SERVER_URL)) {
      problems.push('SERVER_URL must begin with https:// in production');
    }
    return SERVER_URL;
  }
  if (HEROKU_APP_DEFAULT_DOMAIN_NAME) return `https://${HEROKU_APP_DEFAULT_DOMAIN_NAME}`;
  if (DYNO && isProduction && !given.has('SERVER_URL')) {
    problems.push(
      'SERVER_URL is missing. Set it with: heroku config:set SERVER_URL=https://<your app>.herokuapp.com' +
        ' (or let Heroku tell: heroku labs:enable runtime-dyno-metadata)',
    );
  }
  return `http://localhost:${PORT}`;
}

/** Plain http shows every secret on the way; on this machine there is no way. */
export function isSecureOrLoopback(value: string): boolean {
  const url = new URL(value);
  return url.protocol === 'https:' || isLoopback(url);
}
