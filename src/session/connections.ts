import type { Request } from 'express';
import { SessionEndedError } from '../errors.js';
import type { Person, ProviderId } from '../providers/provider.js';
import { forgetRecordings } from '../walkthrough/recordings.js';
import { hasEnded, isAsItWas, type Connection } from './connection.js';
import { changeSession, moveSession, readSession, storeOf } from './record.js';

/**
 * Keeps a new connection, under a new session id: an id that somebody planted in this browser
 * before the sign-in is worth nothing after it (session fixation, CVE-2022-25896). The other
 * provider's connection and the sign-ins of other tabs move along.
 *
 * @throws {SessionEndedError} when the person has logged out meanwhile
 */
export async function connect(
  request: Request,
  provider: ProviderId,
  connection: Connection,
): Promise<void> {
  const known = request.session.connections?.[provider]?.id;
  const isKept = await moveSession(request, (data, hasMoved) => {
    // SECURITY.md D1: a sign-in that another tab finished meanwhile wins: it may be another user's.
    if (hasMoved && data.connections?.[provider]?.id !== known) return false;
    data.connections = { ...data.connections, [provider]: connection };
    return true;
  });
  if (isKept === undefined) {
    throw new SessionEndedError('the session ended while a sign-in was under way');
  }
  if (isKept)
    request.log.info({ event: 'signed in', provider, kind: connection.kind }, 'signed in');
  else
    request.log.info({ provider }, 'another tab finished a sign-in first: this one is forgotten');
}

/**
 * The connection as this request last saw it; undefined when there is none or it has ended by itself.
 */
export function connectionTo(request: Request, provider: ProviderId): Connection | undefined {
  return living(request.session.connections?.[provider]);
}

/** The connection as it stands in the store now: another request may have renewed or ended it. */
export async function latestConnectionTo(
  request: Request,
  provider: ProviderId,
): Promise<Connection | undefined> {
  return living((await readSession(request))?.connections?.[provider]);
}

function living(connection: Connection | undefined): Connection | undefined {
  return connection && !hasEnded(connection) ? connection : undefined;
}

/**
 * Puts a renewed connection in the place of the one that it came from. It may be tried again when the
 * store went away meanwhile, and left open whether it has written.
 *
 * @returns false when that one is gone: replaced by another sign-in, or forgotten
 */
export async function replaceConnection(
  request: Request,
  provider: ProviderId,
  former: Connection,
  renewed: Connection,
): Promise<boolean> {
  const isReplaced = await changeSession(request, ({ connections }) => {
    const current = connections?.[provider];
    if (
      !connections ||
      // SECURITY.md C5: a new sign-in must not be overwritten by a refresh of the old one.
      !(isAsItWas(current, former) || isAsItWas(current, renewed))
    )
      return false;
    connections[provider] = renewed;
    return true;
  });
  return isReplaced ?? false;
}

/** Adds to a connection who it belongs to, unless it has been replaced or forgotten meanwhile. */
export async function rememberPerson(
  request: Request,
  provider: ProviderId,
  known: Connection,
  person: Person,
): Promise<void> {
  await changeSession(request, ({ connections }) => {
    const current = connections?.[provider];
    if (connections && current?.id === known.id) {
      connections[provider] = { ...current, person };
    }
  });
}

/**
 * Forgets one provider's connection.
 *
 * @param onlyIf forgets this very one: not what another tab has connected in the meantime
 */
export async function disconnect(
  request: Request,
  provider: ProviderId,
  onlyIf?: Connection,
): Promise<void> {
  await changeSession(request, (data) => {
    const { [provider]: forgotten, ...others } = data.connections ?? {};
    // SECURITY.md D5: another tab may have connected again meanwhile.
    if (onlyIf && !isAsItWas(forgotten, onlyIf)) return;
    if (Object.keys(others).length > 0) data.connections = others;
    else delete data.connections;
  });
  // Afterwards: a page that comes meanwhile has the connection still, and would be recorded.
  if (!onlyIf) await forgetRecordings(storeOf(request), request.session, [provider]);
}
