import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const LARGEST_RECORD_BYTES = 1_000_000;

/**
 * Records as they stand in Redis: whoever reads it, or a backup of it, learns no token and no name,
 * and whoever writes to it makes no session that we accept.
 */
export interface Seal<Data extends object> {
  stringify(data: object): string;
  /** @returns null for what was not sealed with one of our secrets: as if there were no session */
  parse(text: string): Data | null;
}

/**
 * @param secrets of SESSION_SECRET: the first one seals, all of them open, so that it can be rotated
 * @param purpose what is sealed: it opens for no other purpose, wherever it was moved to
 */
export function createSeal<Data extends object>(
  secrets: readonly string[],
  purpose: string,
): Seal<Data> {
  const [first, ...others] = secrets.map(
    // A key of its own: the secret itself signs cookies (RFC 5869).
    (secret) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)),
  );
  if (!first) throw new Error('there must be a secret');
  return {
    stringify: (data) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, first, iv);
      const sealed = [cipher.update(deflateRawSync(JSON.stringify(data))), cipher.final()];
      return Buffer.concat([iv, cipher.getAuthTag(), ...sealed]).toString('base64url');
    },
    parse: (text) => {
      for (const key of [first, ...others]) {
        const opened = open(Buffer.from(text, 'base64url'), key);
        if (opened) return opened as Data;
      }
      return null;
    },
  };
}

function open(record: Buffer, key: Buffer): object | undefined {
  try {
    const decipher = createDecipheriv(ALGORITHM, key, record.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(record.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const packed = [decipher.update(record.subarray(IV_BYTES + TAG_BYTES)), decipher.final()];
    const json = inflateRawSync(Buffer.concat(packed), { maxOutputLength: LARGEST_RECORD_BYTES });
    return JSON.parse(json.toString('utf8')) as object;
  } catch {
    return undefined; // another key, or not ours at all
  }
}
