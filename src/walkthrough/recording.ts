import type { UpstreamFailure } from '../http/upstream-error.js';

// What is kept of a session's traffic with one provider, as `maskedSignIn` and `maskedExchanges` make
// it: no secret, and no long text.

export interface Recording {
  /** The last sign-in, whether or not it succeeded. */
  readonly signIn?: RecordedSignIn;
  /** The first API call after it. */
  readonly firstCall?: RecordedExchange;
  /** The last refreshes that succeeded, oldest first. */
  readonly refreshes: readonly RecordedRefresh[];
  /** The last request whose page could not be shown, or a token not renewed, for the provider's sake. */
  readonly failedPage?: RecordedPage;
  /** The last redirect back that was not believed. It has changed nothing of the sign-in. */
  readonly refused?: RecordedRedirect;
}

export interface RecordedSignIn {
  /** When the browser was sent off, in milliseconds since 1970; so are all times here. */
  readonly startedAt: number;
  readonly authorizationEndpoint: string;
  readonly parameters: readonly Field[];
  readonly redirect: RecordedRedirect;
  /** The token request, and who-am-I. */
  readonly exchanges: readonly RecordedExchange[];
}

/** A redirect back, and what we answered. */
export interface RecordedRedirect {
  readonly arrivedAt: number;
  readonly path: string;
  readonly host: string;
  readonly parameters: readonly Field[];
  readonly tookMs: number;
  readonly status: number;
  readonly headers: readonly Field[];
  readonly failure?: Failure;
}

export interface RecordedExchange {
  readonly startedAt: number;
  readonly tookMs: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Field[];
  readonly form?: readonly Field[];
  readonly answer?: RecordedAnswer;
  readonly failure?: UpstreamFailure;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: readonly Field[];
  readonly body: string;
  readonly isWhole: boolean;
}

export interface RecordedRefresh {
  /** Which one it was since the sign-in, from 1. */
  readonly count: number;
  readonly exchange: RecordedExchange;
}

export interface RecordedPage {
  readonly path: string;
  readonly exchanges: readonly RecordedExchange[];
  /** Absent where the page was shown all the same, with a token that could not be renewed yet. */
  readonly failure?: Failure;
}

/** A parameter or a header. */
export interface Field {
  readonly name: string;
  /** As it went over the wire, or masked. */
  readonly value: string;
  /** What stands in its place in a command to copy: `$CODE`. */
  readonly template?: string;
}

/** What the person was told. */
export interface Failure {
  readonly step: StepId;
  readonly status: number;
  readonly title: string;
  readonly happened: string;
  /** Of the request that failed: the page showed it, and the log has it. */
  readonly requestId: string;
}

/** The steps of the dance, and what else a link may point to. */
export type StepId =
  | 'authorization-request'
  | 'decision'
  | 'authorization-response'
  | 'token-request'
  | 'token-response'
  | 'who-am-i'
  | 'signed-in'
  | 'api-call'
  | 'refresh'
  | 'failed-page'
  | 'refused';
