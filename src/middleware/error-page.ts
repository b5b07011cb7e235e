import {
  BadParameterError,
  ConnectionLostError,
  ForgeryError,
  MethodNotAllowedError,
  NotConfiguredError,
  NotConnectedError,
  NotFoundError,
  SessionEndedError,
  SessionMovedError,
  TooManyExportsError,
  TooManyRequestsError,
} from '../errors.js';
import { SessionStoreError } from '../session/store.js';
import { connectLink, HOME, type ErrorPage, type Visit } from './error-page-parts.js';
import { providerPage } from './provider-error-page.js';

/**
 * Finds the words for an error.
 *
 * @param error anything that was thrown
 * @param visit the provider whose route failed, and the address this app is meant to be opened at
 */
export function errorPage(error: unknown, visit: Visit): ErrorPage {
  return requestPage(error, visit) ?? providerPage(error, visit) ?? unknownPage(error);
}

function requestPage(error: unknown, { serverUrl }: Visit): ErrorPage | undefined {
  if (error instanceof NotConnectedError) {
    const { name, page, shows, isRegistered, ownCredential } = error.provider;
    const happened = {
      never_was: `This page shows ${shows}, and for that it needs your permission at ${name}.`,
      has_expired: `Your connection to ${name} has ended: its time is over.`,
      was_replaced: `While this page was under way, your connection to ${name} was ended or replaced, as by another tab. If you have just connected there, load this page again.`,
    };
    return {
      status: 401,
      code: 'not_connected',
      title: `Not connected to ${name}`,
      happened: happened[error.why],
      next: isRegistered
        ? `Connect to ${name}. You come back here afterwards.`
        : `Give this app ${ownCredential.article}. You come back here afterwards.`,
      link: connectLink(error.provider, page),
    };
  }
  if (error instanceof ConnectionLostError) {
    const { name, ownCredential, whyTokensDie, page, isRegistered } = error.provider;
    const isByHand = error.kind !== 'oauth';
    return {
      status: 401,
      code: 'credential_rejected',
      title: isByHand
        ? `${name} no longer accepts your ${ownCredential.label}`
        : `${name} no longer accepts this connection`,
      happened: `${isByHand ? ownCredential.whyRejected : whyTokensDie} It was forgotten here.`,
      next: isByHand
        ? `See at ${name} what became of it and paste another one${isRegistered ? `, or connect to ${name} in its place` : ''}.`
        : `Connect to ${name} again.`,
      link: isByHand
        ? { href: ownCredential.path, text: `Use ${ownCredential.article}` }
        : connectLink(error.provider, page),
      ...(isByHand && {
        otherLinks: [
          ...(isRegistered ? [connectLink(error.provider, page)] : []),
          { href: ownCredential.madeAt, text: `See your ${ownCredential.label}s at ${name}` },
        ],
      }),
    };
  }
  if (error instanceof ForgeryError) {
    return {
      status: 403,
      code: 'forgery',
      title: 'This form was not accepted',
      happened: `It does not belong to this browser’s session at this app: ${error.message}. Either the session has ended since the page was opened, or another site sent the form.`,
      next: `Open ${serverUrl} and start from there. Another name for the same machine, such as 127.0.0.1 for localhost, has other cookies.`,
      link: { href: `${serverUrl}/`, text: `Go to ${serverUrl}` },
    };
  }
  if (error instanceof NotConfiguredError) {
    const { instead } = error;
    const { name, needs } = error.provider;
    return {
      status: 404,
      code: 'not_configured',
      title: instead ? `Nobody signs in at ${name} here` : `${name} is not configured`,
      happened: instead
        ? `This app is no client of ${name}’s: it was given no id and secret.`
        : `This app has not been told how to reach ${name}.`,
      next: instead
        ? `Use ${instead.article} in place of signing in.`
        : `Whoever runs this app can set ${needs.join(', ')} and start it again. README.md and .env.example say what they are.`,
      link: instead ? { href: instead.path, text: `Use ${instead.article}` } : HOME,
    };
  }
  if (error instanceof NotFoundError) {
    return {
      status: 404,
      code: 'not_found',
      title: 'No such page',
      happened: 'There is nothing at this address.',
      next: 'Check the address, or start from the first page.',
      link: HOME,
    };
  }
  if (error instanceof MethodNotAllowedError) {
    const allowed = error.allowed.join(', ');
    return {
      status: 405,
      code: 'method_not_allowed',
      title: 'Wrong method',
      happened: `This address answers ${allowed} only.`,
      next: 'Use the links and buttons of the pages.',
      link: HOME,
      headers: { Allow: allowed },
    };
  }
  if (error instanceof BadParameterError) {
    return {
      status: 400,
      code: 'bad_parameter',
      title: 'This address is not right',
      happened: `Its parameter ${error.parameter} has a value that this app does not know.`,
      next: `It must be ${error.expected}.`,
      link: HOME,
    };
  }
  if (error instanceof SessionEndedError) {
    return {
      status: 403,
      code: 'session_ended',
      title: 'You were logged out meanwhile',
      happened: 'The session that this sign-in belongs to has ended, so its token was not kept.',
      next: 'Start the sign-in again.',
      link: HOME,
    };
  }
  if (error instanceof SessionStoreError) {
    return {
      status: 503,
      code: 'session_store_away',
      title: 'This app cannot look up your session',
      happened:
        'The place where it keeps sessions does not answer, or not in time. You have not been signed out.',
      next: 'Try again in a few seconds.',
      link: HOME,
      headers: { 'Retry-After': '5' },
    };
  }
  if (error instanceof SessionMovedError) {
    return {
      status: 409,
      code: 'session_renewed',
      title: 'You have just signed in in another tab',
      happened: 'This page was asked for at the same moment, with the session from before that.',
      next: 'Load this page again. If it stays, wait half a minute and start from the first page.',
      link: HOME,
    };
  }
  if (error instanceof TooManyExportsError) {
    return {
      status: 429,
      code: 'too_many_exports',
      title: 'Too many exports at once',
      happened: 'Other exports of yours, or of other people here, are still being downloaded.',
      next: 'Let one of them finish, or cancel it, then try again.',
      link: HOME,
    };
  }
  if (error instanceof TooManyRequestsError) {
    return {
      status: 429,
      code: 'too_many_requests',
      title: 'Too many sign-ins',
      happened: 'Very many sign-ins came from your address within a minute.',
      next: 'Wait a minute, then try again.',
      link: HOME,
      headers: { 'Retry-After': String(error.retryAfterSeconds) },
    };
  }
  return undefined;
}

function unknownPage(error: unknown): ErrorPage {
  const status = statusOf(error);
  // SECURITY.md F4: a malformed request is not a fault of this app.
  if (status !== undefined && status >= 400 && status < 500) {
    return {
      status,
      code: 'bad_request',
      title: 'This request cannot be read',
      happened: 'Something in its address, its headers or its form is malformed or too large.',
      next: 'Start from the first page.',
      link: HOME,
    };
  }
  return {
    status: 500,
    code: 'internal',
    title: 'Something went wrong here',
    happened: 'This app has a fault. It is not your doing, and nothing of yours was lost.',
    next: 'Try again. If it stays, tell whoever runs this app the id below.',
    link: HOME,
  };
}

/** Express and its parsers throw errors that carry the status to answer with. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}
