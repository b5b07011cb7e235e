// Keeps of each browser's request what /walkthrough shows of it. Nothing is written while the dance
// goes on: what went over the wire is collected by `noteExchange`, and looked at when the answer
// is ready.
import type { Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import { ExpiringMap } from '../expiring-map.js';
import type { Exchange } from '../http/exchange.js';
import type { Provider } from '../providers/provider.js';
import type { KeptSignIn } from '../session/sign-ins.js';
import { maskedExchanges, maskedRedirect, maskedSignIn } from './masked.js';
import type { Failure } from './recording.js';
import { partOf, type Recordings, type Writer } from './recordings.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express's types are extended so
  namespace Express {
    interface Locals {
      /** What the error page says, where it is about a step of the dance. */
      failure?: Failure;
    }
  }
}

/** How long after a sign-in an API call counts as its first. */
const FIRST_CALL_MS = 60_000;

const takenSignIns = new WeakMap<Request, KeptSignIn>();

/** Tells that a redirect back is about a sign-in of this browser: its state was ours. */
export function noteSignIn(request: Request, signIn: KeptSignIn): void {
  takenSignIns.set(request, signIn);
}

/** Whether the request is a redirect back whose state was ours. */
export function hasTakenSignIn(request: Request): boolean {
  return takenSignIns.has(request);
}

/** Stands before the session's own middleware, whose cookie is then known at the end. */
export function recordTo(recordings: Recordings): RequestHandler {
  return (request, response, next) => {
    const arrivedAt = Date.now();
    onHeaders(response, () => {
      const { provider } = response.locals;
      // There is no session when the store is away, and after a log-out.
      const id = (request.session as Partial<typeof request.session> | undefined)?.recordingId;
      if (!provider || id === undefined) return;
      const writer = { id, provider: provider.id, arrivedAt };
      record(recordings, writer, request, response, provider).catch((error: unknown) => {
        request.log.warn({ err: error }, 'the walkthrough misses what happened just now');
      });
    });
    next();
  };
}

async function record(
  recordings: Recordings,
  writer: Writer,
  request: Request,
  response: Response,
  provider: Provider,
): Promise<void> {
  // A request that failed before it was given its way to the providers has sent nothing.
  const exchanges = (request as Partial<Request>).upstream?.exchanges ?? [];
  const { failure } = response.locals;
  const signIn = takenSignIns.get(request);
  if (signIn) {
    const redirect = maskedRedirect(request, response, writer.arrivedAt);
    const recorded = maskedSignIn(provider, signIn, redirect, exchanges);
    await recordings.begin(writer, 'signIn', recorded);
  } else if (failure?.step === 'refused') {
    const redirect = maskedRedirect(request, response, writer.arrivedAt);
    await recordings.keep(writer, 'refused', redirect);
  } else if (exchanges.length > 0) {
    await recordPage(recordings, writer, request, exchanges, failure);
  }
}

async function recordPage(
  recordings: Recordings,
  writer: Writer,
  request: Request,
  exchanges: readonly Exchange[],
  failure: Failure | undefined,
): Promise<void> {
  // Most pages keep nothing, and mask nothing: what is masked costs time.
  const { path } = request;
  const connection = request.session.connections?.[writer.provider];
  const refresh = exchanges.find(({ form }) => form !== undefined);
  const call = exchanges.find(({ form }) => form === undefined);
  const writes: Promise<void>[] = [];
  if (failure || (refresh && refresh.answer?.status !== 200)) {
    const page = { path, exchanges: maskedExchanges(exchanges), ...(failure && { failure }) };
    writes.push(recordings.keep(writer, 'failedPage', page));
  } else if (refresh && connection?.refreshes) {
    const [exchange] = maskedExchanges([refresh]);
    const renewed = { count: connection.refreshes, exchange };
    writes.push(recordings.keep(writer, partOf(renewed), renewed));
  }
  if (call && !failure && connection?.kind === 'oauth' && isFirstCallOf(connection)) {
    const [exchange] = maskedExchanges([call]);
    if (exchange) writes.push(recordings.keepFirst(writer, 'firstCall', exchange));
  }
  await Promise.all(writes);
}

/** Connections whose first call this process has seen: the pages after it cost the store nothing. */
const called = new ExpiringMap<string, true>(FIRST_CALL_MS);

function isFirstCallOf({ id, connectedAt }: { id: string; connectedAt: number }): boolean {
  if (Date.now() - connectedAt > FIRST_CALL_MS || called.get(id)) return false;
  called.set(id, true);
  return true;
}
