// Parameters, headers and texts, masked: ours by their names, those of others by all that we know.
import { credentialIn, isSecretName, mask, maskText } from '../mask.js';
import type { Field } from './recording.js';

/** Of a message: what comes after them is not shown. */
const MOST_FIELDS = 30;
const LONGEST_VALUE = 300;

/** What a command to copy has in the place of what differs each time, or is secret. */
const PLACEHOLDERS: ReadonlyMap<string, string> = new Map([
  ['state', '$STATE'],
  ['code_challenge', '$CODE_CHALLENGE'],
  ['code', '$CODE'],
  ['code_verifier', '$CODE_VERIFIER'],
  ['client_secret', '$CLIENT_SECRET'],
  ['refresh_token', '$REFRESH_TOKEN'],
]);

/** What we send is known by its names: a client id looks like a secret, and is none. */
export function ownFields(parameters: URLSearchParams): Field[] {
  return [...parameters].map(([name, value]) => {
    const template = PLACEHOLDERS.get(name);
    return {
      name,
      value: isSecretName(name)
        ? // SECURITY.md D10: our own secrets are on no page.
          mask(value)
        : value,
      ...(template !== undefined && { template }),
    };
  });
}

/** All but what says nothing of a person: a provider may carry its credential in any other header. */
const PLAIN_HEADER =
  /^(?:accept|accept-encoding|connection|content-(?:length|type)|host|user-agent)$/i;

/** With the credential that it carries, if it carries one, masked. */
export function ownHeader(name: string, value: string): Field {
  if (PLAIN_HEADER.test(name)) return { name, value };
  const replaceIn = (by: (credential: string) => string) =>
    value.replace(credentialIn(value), (secret) => by(secret));
  return { name, value: replaceIn(mask), template: replaceIn(() => '$ACCESS_TOKEN') };
}

/** A header that came several times is a list. */
export function headerLines(headers: readonly (readonly [string, unknown])[]): [string, string][] {
  return headers.flatMap(([name, value]) => {
    const values: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return values.map((one): [string, string] => [name, String(one)]);
  });
}

export function foreignFields(entries: Iterable<readonly string[]>): Field[] {
  return [...entries].slice(0, MOST_FIELDS).map(([name = '', value = '']) => ({
    name: foreign(name),
    value: foreignValue(name, value),
  }));
}

function foreignValue(name: string, value: string): string {
  if (/^set-cookie$/i.test(name)) {
    const [cookie = '', ...attributes] = value.split(';'); // which are worth seeing
    const masked = [`${cookie.split('=', 1).join('')}=…`, ...attributes].join(';');
    return foreign(masked);
  }
  return isSecretName(name) ? mask(value) : foreign(value);
}

/** Masked before it is cut: half a secret would not look like one. */
export function foreign(text: string): string {
  return maskText(text).slice(0, LONGEST_VALUE);
}
