// Failures by name. Each endpoint asks here, before it answers, whether it shall fail instead.
import type { Request, RequestHandler, Response } from 'express';
import { authorizeFailures } from './failures/authorize.js';
import { cctrayFailures } from './failures/cctray.js';
import { tokenFailures } from './failures/token.js';
import { wsapiFailures } from './failures/wsapi.js';
import type { Provider } from './people.js';
import type { Exchange } from './received.js';

type EndpointName = 'authorize' | 'token' | 'wsapi' | 'cctray';

/** What a failure needs to know of the endpoint that it strikes. */
export interface FailingEndpoint {
  readonly name: EndpointName;
  readonly provider: Provider;
  /** The id of the client that asks, where the request names one. */
  readonly clientOf: (request: Request) => unknown;
  /** Says an error of RFC 6749 in this endpoint's own way. */
  readonly refuse?: (
    request: Request,
    response: Response,
    error: string,
    description: string,
  ) => void;
}

/** A request that is struck. */
export interface Strike {
  readonly request: Request;
  readonly response: Response;
  /** How long slow answers take, in seconds. */
  readonly seconds: number;
  readonly refuse: (error: string, description: string) => void;
  /** Lets the endpoint answer as ever. */
  readonly goOn: () => void;
}

/** One way to fail. */
export interface Failure {
  readonly fail: (strike: Strike) => void;
  /** The only provider that fails in this way. */
  readonly provider?: Provider;
  /** Which of an endpoint's requests it is about; all where it is left out. */
  readonly isAbout?: (request: Request) => boolean;
}

/** Every failure by its name: `wsapi-503` strikes at WSAPI. */
export const FAILURES: Readonly<Record<EndpointName, ReadonlyMap<string, Failure>>> = {
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
    this.switchedOn = this.switchedOn.filter((on) => name !== undefined && on.name !== name);
  }

  /** Stands before an endpoint's own handler. */
  at(endpoint: FailingEndpoint): RequestHandler {
    return (request, response, next) => {
      const active = this.switchedOn.find((each) => isMeant(each, endpoint, request));
      const failure = active && FAILURES[endpoint.name].get(active.name);
      if (!failure) {
        next();
        return;
      }
      if (active.times !== undefined) active.times -= 1;
      if (active.times === 0) this.switchedOn = this.switchedOn.filter((on) => on !== active);
      (response.locals['exchange'] as Exchange).failure = active.name;
      failure.fail({
        request,
        response,
        seconds: active.seconds,
        refuse: (error, description) => endpoint.refuse?.(request, response, error, description),
        goOn: next,
      });
    };
  }
}

function isMeant(
  { name, client, provider }: Active,
  endpoint: FailingEndpoint,
  request: Request,
): boolean {
  const failure = FAILURES[endpoint.name].get(name);
  return (
    failure !== undefined &&
    (failure.provider ?? endpoint.provider) === endpoint.provider &&
    (failure.isAbout?.(request) ?? true) &&
    (provider ?? endpoint.provider) === endpoint.provider &&
    (client === undefined || client === endpoint.clientOf(request))
  );
}
