/** The tokens of a successful answer (RFC 6749 §5.1). */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** How long the access token lives from now on; absent where the server does not say. */
  readonly expiresInSeconds?: number;
}

/** A token with a line break or a quote in it would let its sender write headers of our requests. */
export function isHeaderSafe(value: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value);
}

/** Whether a token can be sent, and kept: one without a limit would fill the session store. */
export function isUsableToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 2048 && isHeaderSafe(value);
}
