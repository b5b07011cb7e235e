import { createHash, randomBytes } from 'node:crypto';

/**
 * Makes a code verifier: a secret of one sign-in that stays with us. A code that is stolen on its
 * way through the browser is worthless without it.
 *
 * @returns 43 characters, 256 bits
 * @see [RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.1)
 */
export function createCodeVerifier(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The S256 challenge of a verifier: what the authorization request may show to everyone.
 *
 * @param codeVerifier from {@link createCodeVerifier}
 * @returns 43 characters
 * @see [RFC 7636 §4.2](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.2)
 */
export function codeChallengeS256(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
}
