import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

const POLICY = {
  'default-src': "'none'",
  'style-src': "'self'",
  'img-src': "'self'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
  'base-uri': "'none'",
};

/** The sandbox's pages hold forms that give access away: nobody may frame or script them. */
export const securityHeaders: RequestHandler[] = [
  helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: false, // it is plain http, on this machine alone
    referrerPolicy: { policy: 'same-origin' },
  }),
  (_request, response, next) => {
    response.set('Content-Security-Policy', policy(POLICY));
    response.set('Cache-Control', 'no-store');
    next();
  },
];

/**
 * Lets the form of a login or consent page lead back to the client: Chromium applies `form-action` to the
 * redirects that follow a form, too.
 *
 * @param redirectUri one that has been compared with the registered one
 */
export function allowFormsTo(response: Response, redirectUri: string): void {
  const { origin } = new URL(redirectUri);
  response.set('Content-Security-Policy', policy({ ...POLICY, 'form-action': `'self' ${origin}` }));
}

function policy(directives: Record<string, string>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
