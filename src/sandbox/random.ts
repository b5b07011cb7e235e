import { randomBytes } from 'node:crypto';

/** Random lower-case hex, two digits a byte. */
export function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** 43 random URL-safe characters: the shape of Rally's secrets, access tokens and keys. */
export function urlSafe(): string {
  return randomBytes(32).toString('base64url');
}
