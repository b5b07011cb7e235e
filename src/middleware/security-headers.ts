import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * What the browser is told about every answer.
 *
 * @param isHttps turns HSTS on; over http we must not say "upgrade", which breaks localhost in Safari
 */
export function securityHeaders(isHttps: boolean): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"], // SECURITY.md F1: what is not named below is not loaded
          // Files of our own, which only add to pages: nothing inline, and calls to us alone.
          scriptSrc: ["'self'"],
          connectSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'"],
          formAction: ["'self'"], // SECURITY.md F1: an injected form cannot post elsewhere
          frameAncestors: ["'none'"], // SECURITY.md F1: no clickjacking
          baseUri: ["'none'"], // SECURITY.md F1: an injected <base> would redirect our links
          ...(isHttps && { upgradeInsecureRequests: [] }),
        },
      },
      // SECURITY.md F1: `no-referrer` would make a browser's own POST say "Origin: null"; this keeps
      // the code of a redirect URI from other sites just as well (RFC 9700 §4.2.4).
      referrerPolicy: { policy: 'same-origin' },
      // SECURITY.md F1: a first request over http could be intercepted.
      strictTransportSecurity: isHttps && { maxAge: 365 * 24 * 60 * 60 },
      xFrameOptions: { action: 'deny' },
      // For browsers and plug-ins that are gone: Internet Explorer 8, Flash, the XSS filters of old.
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
      xDnsPrefetchControl: false, // Chromium's alone, and our pages link to one provider
      xPoweredBy: false, // Express is told not to send it
    }),
    (_request, response, next) => {
      response.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=()');
      // SECURITY.md D8: pages hold users' data; express.static overrides this for its files.
      response.set('Cache-Control', 'no-store');
      next();
    },
  ];
}
