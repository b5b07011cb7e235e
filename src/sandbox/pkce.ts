// PKCE is an addition of the sandbox: neither provider is known to have it (see README.md).
import { createHash } from 'node:crypto';

/** Whether this is the verifier that a challenge was made of, by S256 (RFC 7636 §4.6). */
export function isVerifierOf(codeChallenge: string, verifier: unknown): boolean {
  return (
    typeof verifier === 'string' &&
    createHash('sha256').update(verifier).digest('base64url') === codeChallenge
  );
}
