import { csrfSync } from 'csrf-sync';
import express, { type RequestHandler } from 'express';
import { ForgeryError } from '../errors.js';

const csrf = csrfSync({
  size: 32, // bytes: nobody guesses them, and each session is a quarter smaller than with the usual 128
  getTokenFromRequest: ({ body }) => (body as { csrf_token?: string } | undefined)?.csrf_token,
});

/** Gives a session the token that its forms must send back. */
export const { generateToken } = csrf;

/**
 * Reads a posted form, and refuses one that was not on a page of ours. Stands before every POST.
 *
 * @param serverUrl the only address whose pages hold our forms
 */
export function refuseForgedForms(serverUrl: string): RequestHandler[] {
  const readForm = express.urlencoded({
    extended: false,
    limit: '10kb', // SECURITY.md F4: our largest form has two fields
    parameterLimit: 20, // SECURITY.md F4: parsing costs time for each field
  });
  return [
    readForm,
    (request, _response, next) => {
      const origin = request.get('Origin');
      // SECURITY.md F2: another site's form. Older browsers send no Origin, but the token.
      if (origin !== undefined && origin !== new URL(serverUrl).origin) {
        throw new ForgeryError('the form is on another site');
      }
      // SECURITY.md F2: a form that this session was not given (CSRF).
      if (!csrf.isRequestValid(request)) {
        throw new ForgeryError('the form has no token of this session');
      }
      next();
    },
  ];
}
