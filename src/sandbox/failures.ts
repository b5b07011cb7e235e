// Failures by name. Each endpoint asks here, before it answers, whether it shall fail instead.
import type { Request, RequestHandler, Response } from 'express';
import { authorizeFailures } from './failures/authorize.js';
import { cctrayFailures } from './failures/cctray.js';
import { tokenFailures } from './failures/token.js';
import { wsapiFailures } from './failures/wsapi.js';

export type Provider = 'rally' | 'gocd';
export type Endpoint = 'authorize' | 'token' | 'wsapi' | 'cctray';

/** Where and how a failure strikes. */
export interface Strike {
  readonly request: Request;
  readonly response: Response;
  readonly provider: Provider;
  /** How long slow answers take, in seconds. */
  readonly seconds: number;
  /** Lets the endpoint answer as ever. */
  readonly goOn: () => void;
}

/** One way to fail. */
export type Failure = (strike: Strike) => void;

/** Every failure by its name: `wsapi-503` strikes at WSAPI. */
export const FAILURES: Readonly<Record<Endpoint, Readonly<Record<string, Failure>>>> = {
  authorize: authorizeFailures,
  token: tokenFailures,
  wsapi: wsapiFailures,
  cctray: cctrayFailures,
};

/** A failure that is switched on. */
export interface Active {
  readonly name: string;
  /** How many requests it still strikes; without end where it is undefined. */
  times: number | undefined;
  /** The one client that it strikes, by id; all where it is undefined. */
  readonly client: string | undefined;
  readonly provider: Provider | undefined;
  readonly seconds: number;
}

/** Which failures are switched on. */
export class Failures {
  private switchedOn: Active[] = [];

  get active(): readonly Active[] {
    return this.switchedOn;
  }

  /** Switches a failure on; again with other settings if it was on for the same ones. */
  switchOn(active: Active): void {
    this.switchedOn = this.switchedOn.filter(
      ({ name, client, provider }) =>
        name !== active.name || client !== active.client || provider !== active.provider,
    );
    this.switchedOn.push(active);
  }

  /** @param name one failure; all of them where it is left out */
  switchOff(name?: string): void {
    this.switchedOn = this.switchedOn.filter(
      (active) => name !== undefined && active.name !== name,
    );
  }

  /**
   * Stands before an endpoint's own handler.
   *
   * @param clientOf the id of the client that asks, where the request names one
   */
  at(
    endpoint: Endpoint,
    provider: Provider,
    clientOf: (request: Request) => unknown,
  ): RequestHandler {
    return (request, response, next) => {
      const active = this.switchedOn.find(
        (each) =>
          Object.hasOwn(FAILURES[endpoint], each.name) &&
          (each.provider === undefined || each.provider === provider) &&
          (each.client === undefined || each.client === clientOf(request)) &&
          (each.name !== 'token-refresh-refused' || isRefresh(request)),
      );
      const failure = active && FAILURES[endpoint][active.name];
      if (!failure) {
        next();
        return;
      }
      if (active.times !== undefined) {
        active.times -= 1;
        if (active.times <= 0) this.switchedOn = this.switchedOn.filter((on) => on !== active);
      }
      if (response.locals['exchange']) {
        (response.locals['exchange'] as { failure?: string }).failure = active.name;
      }
      failure({ request, response, provider, seconds: active.seconds, goOn: next });
    };
  }
}

function isRefresh({ body }: Request): boolean {
  const grantType = (body as Record<string, unknown> | undefined)?.['grant_type'];
  return typeof grantType === 'string' && grantType.startsWith('refresh');
}
