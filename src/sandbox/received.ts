// What the sandbox was asked and how it answered, for its console. Secrets are masked before they
// are kept: the console is open to everybody on this machine.
import type { Request, Response } from 'express';
import type { Clock } from './clock.js';

const MOST = 1000;

export interface Exchange {
  readonly at: number;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The form or JSON that was sent; filled in when it has been read. */
  body: Readonly<Record<string, string>>;
  /** The headers that carry credentials, and the ones that say what is wanted. */
  readonly headers: Readonly<Record<string, string>>;
  /** 0 until it is answered, and for ever if the connection was cut. */
  status: number;
  /** The failure that was switched on and struck. */
  failure: string | undefined;
}

const HEADERS = ['authorization', 'zsessionid', 'content-type', 'accept', 'user-agent'];
const MOST_FIELDS = 50;

/**
 * What may be shown whole. All else is masked, whatever it is called: a client in the making sends its
 * secrets under every name there is, or as a name.
 */
const HARMLESS = new Set([
  ...['accept', 'user-agent', 'content-type'],
  ...['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'grant_type'],
  ...['code_challenge_method', 'decision', 'authorize', 'error', 'username'],
  ...['query', 'order', 'fetch', 'start', 'pagesize', 'workspace', 'project', 'pretty'],
  ...['projectScopeUp', 'projectScopeDown'],
]);

export class Received {
  private readonly exchanges: Exchange[] = [];

  constructor(private readonly clock: Clock) {}

  /** The newest last. */
  get all(): readonly Exchange[] {
    return this.exchanges;
  }

  /** Keeps a request, and completes it when its answer is sent. */
  add(request: Request, response: Response): Exchange {
    const headers = HEADERS.flatMap((name) => {
      const value = request.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    // Of the cookies none is shown but the one that WSAPI takes for a credential.
    const zsessionid = /(?:^|;\s*)zsessionid=([^;]+)/i.exec(request.get('Cookie') ?? '')?.[1];
    if (zsessionid !== undefined) headers.push(['zsessionid', zsessionid]);
    const exchange: Exchange = {
      at: this.clock.now(),
      method: request.method,
      path: maskedPath(request.path),
      query: masked(request.query),
      body: {},
      headers: masked(Object.fromEntries(headers)),
      status: 0,
      failure: undefined,
    };
    this.exchanges.push(exchange);
    if (this.exchanges.length > MOST) this.exchanges.shift();
    const complete = () => {
      exchange.status = response.writableFinished ? response.statusCode : 0;
      exchange.body = masked(request.body);
    };
    response.on('finish', complete).on('close', complete);
    return exchange;
  }

  clear(): void {
    this.exchanges.length = 0;
  }
}

/** The first characters of a secret: enough to tell two of them apart, too few to use. */
export function mask(secret: string): string {
  return secret.length < 16 ? '…' : `${secret.slice(0, 4)}…`;
}

function masked(values: unknown): Record<string, string> {
  if (typeof values !== 'object' || values === null) return {};
  const fields = Object.entries(values).slice(0, MOST_FIELDS);
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name.length > 30 ? mask(name) : name,
      // What is nested is not looked into: it may be deep, and hold anything.
      typeof value !== 'string' ? '…' : HARMLESS.has(name) ? shown(value) : maskedCredential(value),
    ]),
  );
}

/** A redirect URI may carry a code of its own, and so may the address of a page. */
function shown(text: string): string {
  return text.slice(0, 300).replace(/([?&;]\s*[^=&?;]+=)[^&]+/g, '$1…');
}

/** A token can stand in a path, too. */
function maskedPath(path: string): string {
  return path.replace(/[\w.~%-]{25,}/g, mask).slice(0, 300);
}

/** `Token token="abcd…"`: the scheme is worth seeing. */
function maskedCredential(text: string): string {
  const [, scheme = '', secret = ''] =
    /^((?:Token token="|Bearer |Basic )?)(.*?)"?$/is.exec(text.slice(0, 300)) ?? [];
  return `${scheme}${mask(secret)}${scheme.endsWith('"') ? '"' : ''}`;
}
