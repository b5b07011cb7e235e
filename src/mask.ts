import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The only place that knows what a secret looks like. Everything that is logged or shown and that
 * did not originate in our own code passes through here first.
 */

const SECRET_NAMES =
  'code|state|access_token|refresh_token|id_token|client_secret|code_verifier|password|api_key|' +
  'authorization|zsessionid|cookie|set-cookie|csrf_token|token';

const SECRET_NAME = new RegExp(`^(?:${SECRET_NAMES})$`, 'i');

// Whole, whatever stands between the quotes: a comma ends no token of JSON.
const QUOTED_SECRET = new RegExp(
  `("(?:${SECRET_NAMES})"\\s*:\\s*")((?:[^"\\\\]|\\\\.)+)(?=")`,
  'gi',
);

// `name=value` in URLs and forms, `"name":"value"` in JSON, `:name => value` in a Ruby hash.
const NAMED_SECRET = new RegExp(
  `(?<![a-z])((?:${SECRET_NAMES})["']?\\s*(?:=>|=|:)\\s*["']?)([^"'&\\s,}<]+)`,
  'gi',
);

// Tokens, codes and keys of both providers are unbroken runs of such characters.
const LONG_RUN = /[A-Za-z0-9_-]{20,}/g;

const SHORTEST_SECRET = 4;

const MASKED = /^[^…]{4}…[^…]{4}$/;

/** The secrets that were sent to a provider on behalf of the browser's request under way. */
const sent = new AsyncLocalStorage<Map<string, RegExp | undefined>>();

/** Runs the work for one browser's request; what it remembers is masked in all that it does. */
export function withSecretsOfItsOwn(work: () => void): void {
  sent.run(new Map(), work);
}

/** A provider may repeat what it was sent: from now on it is masked, however it is written. */
export function rememberSecret(secret: string): void {
  if (secret.length >= SHORTEST_SECRET) sent.getStore()?.set(secret, undefined);
}

/**
 * A secret as a server may repeat it: each character as it is, in the other case, or escaped for a URL,
 * for HTML or for JSON; or all of it in base64.
 */
function inAnyForm(secret: string): RegExp {
  const characters = Array.from(secret, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    const percent = Buffer.from(character).toString('hex').replace(/../g, '%$&');
    const forms = [
      `\\\\{0,3}${literal(character)}`,
      character === ' ' ? '\\+|%20' : percent,
      `&#0{0,9}${code};?|&#x0{0,9}${hex};?`,
      `\\\\{1,3}u${hex.padStart(4, '0')}`,
      ...(NAMED_CHARACTERS.get(character) ?? []),
    ];
    return `(?:${forms.join('|')})`;
  });
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return new RegExp(`${characters.join('')}|${literal(base64)}`, 'gi');
}

const NAMED_CHARACTERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['&', ['&amp;']],
  ['<', ['&lt;']],
  ['>', ['&gt;']],
  ['"', ['&quot;']],
  ["'", ['&apos;']],
]);

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/**
 * Shortens a secret so that two of them can be told apart but neither can be used: `Ovp8…23aQ`.
 *
 * @param secret any length; one of fewer than 16 characters shows nothing of itself, and what is
 *   masked stays as it is
 */
export function mask(secret: string): string {
  if (MASKED.test(secret)) return secret;
  return secret.length < 16 ? '…' : `${secret.slice(0, 4)}…${secret.slice(-4)}`;
}

/** Whether what has this name in a message (a parameter, a header, a field) is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The secret in a header: of `Token token="…"` and `Bearer …` what stands after the words. */
export function credentialIn(header: string): string {
  return header.replace(/^(?:Token token="|Bearer )/, '').replace(/"$/, '');
}

/**
 * Masks what was sent to a provider, and nothing else: for its data, which are shown as they are.
 *
 * @param known other secrets that may stand in it
 */
export function maskSent(text: string, known: Iterable<string> = []): string {
  let masked = text;
  for (const [secret, forms] of [...sentForms(), ...formsOf(known)]) {
    // By a function: in a text to put in its place, `$&` would bring the whole secret back.
    masked = masked.replace(forms, () => mask(secret));
  }
  return masked;
}

/**
 * Masks everything in a text of foreign origin that is named like a secret or looks like one.
 *
 * @param known secrets that may stand in it in any place, besides those that were sent on behalf of
 *   the browser's request under way
 */
export function maskText(text: string, known: Iterable<string> = []): string {
  return maskSent(text, known)
    .replace(QUOTED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(NAMED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(LONG_RUN, (run) => (isRandomLooking(run) ? mask(run) : run));
}

/** Of each secret that was sent; made when a text is to be masked for the first time. */
function sentForms(): readonly (readonly [string, RegExp])[] {
  const secrets = sent.getStore();
  if (!secrets) return [];
  return [...secrets].map(([secret, known]) => {
    const forms = known ?? inAnyForm(secret);
    if (!known) secrets.set(secret, forms);
    return [secret, forms];
  });
}

function formsOf(secrets: Iterable<string>): readonly (readonly [string, RegExp])[] {
  return [...secrets]
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .map((secret) => [secret, inAnyForm(secret)]);
}

/** `unsupported_grant_type` is long too, but it is a word: it has neither digits nor mixed case. */
function isRandomLooking(run: string): boolean {
  return /\d/.test(run) || (/[a-z]/.test(run) && /[A-Z]/.test(run));
}
