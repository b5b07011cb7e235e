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

/**
 * In characters. Those of Rally and GoCD have some 50; those that are a JWT may have thousands, and the
 * servers that take them in a header have limits of their own. Without one, they would fill the store.
 */
export const LONGEST_TOKEN = 4096;

/** Whether a token can be sent, and kept. */
export function isUsableToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TOKEN && isHeaderSafe(value);
}
