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
 * SECURITY.md B3: longer tokens would fill the store. In characters: tokens of Rally and GoCD have some 50,
 * a JWT may have thousands, and servers limit the headers that they accept.
 */
export const LONGEST_TOKEN = 4096;

/** Whether a token can be sent, and kept. */
export function isUsableToken(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= LONGEST_TOKEN &&
    // SECURITY.md B3: a line break in a token would add headers to our requests.
    isHeaderSafe(value)
  );
}
