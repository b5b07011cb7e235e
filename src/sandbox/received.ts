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
const SECRETS =
  /^(authorization|zsessionid|code|code_verifier|client_secret|access_token|refresh_token|password|csrf_token|authenticity_token|secret.*)$/i;

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
    const exchange: Exchange = {
      at: this.clock.now(),
      method: request.method,
      path: request.path,
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
      exchange.body = masked((request.body ?? {}) as Record<string, unknown>);
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

function masked(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const text = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 300);
      return [name, SECRETS.test(name) ? maskedHeader(text) : text];
    }),
  );
}

/** `Token token="abcd…"`: the scheme is worth seeing. */
function maskedHeader(text: string): string {
  const [, scheme = '', secret = ''] =
    /^((?:Token token="|Bearer |Basic )?)(.*?)"?$/is.exec(text) ?? [];
  return `${scheme}${mask(secret)}${scheme.endsWith('"') ? '"' : ''}`;
}
