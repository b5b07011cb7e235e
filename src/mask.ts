import { AsyncLocalStorage } from 'node:async_hooks';
import { alike, placesIn, withoutEscapes } from './escapes.js';

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

/** Secrets, each with what it may look like in a text. */
export type Secrets = ReadonlyMap<string, readonly string[]>;

/** The secrets that were sent to a provider on behalf of the browser's request under way. */
const sent = new AsyncLocalStorage<Map<string, readonly string[]>>();

/** Runs the work for one browser's request; what it remembers is masked in all that it does. */
export function withSecretsOfItsOwn(work: () => void): void {
  sent.run(new Map(), work);
}

/** A provider may repeat what it was sent: from now on it is masked, however it is written. */
export function rememberSecret(secret: string): void {
  sent.getStore()?.set(secret, formsOf(secret));
}

/** Whoever masks many texts works out once what the secrets may look like. */
export function secretsOf(values: Iterable<string>): Secrets {
  return new Map(Array.from(values, (secret) => [secret, formsOf(secret)]));
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

/** The beginning of a long text, without what may be the first half of a secret: that is not known. */
export function beginningOf(text: string, longest: number): string {
  return text.length <= longest ? text : withoutLastRun(text.slice(0, longest));
}

/** Without the end that may be half a secret. */
export function withoutLastRun(text: string): string {
  let end = text.length;
  while (end > 0 && /[\w.~+/=%-]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
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
export function maskSent(text: string, known: Secrets = new Map()): string {
  const secrets = [...(sent.getStore() ?? []), ...known];
  // Most texts have no room for a secret, and a page may have tens of thousands of them.
  if (!secrets.some(([, forms]) => forms.some(({ length }) => length <= text.length))) return text;
  const found = [...find(secrets, text), ...findEscaped(secrets, text)];
  if (found.length === 0) return text;
  let masked = '';
  let done = 0;
  for (const { secret, start, end } of found.sort((one, other) => one.start - other.start)) {
    if (start >= done) masked += text.slice(done, start) + mask(secret);
    done = Math.max(done, end);
  }
  return masked + text.slice(done);
}

/** As a server may repeat it: as it is, without escapes that it has itself, or in base64. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [secret, withoutEscapes(secret), base64]
    .map(alike)
    .filter(({ length }) => length >= SHORTEST_SECRET);
}

type Secret = readonly [secret: string, forms: readonly string[]];

interface Found {
  readonly secret: string;
  readonly start: number;
  readonly end: number;
}

function find(secrets: readonly Secret[], text: string): Found[] {
  const found: Found[] = [];
  const searched = alike(text);
  for (const [secret, forms] of secrets) {
    for (const form of forms) {
      let start = searched.indexOf(form);
      while (start >= 0) {
        const end = start + form.length;
        found.push({ secret, start, end });
        start = searched.indexOf(form, end);
      }
    }
  }
  return found;
}

function findEscaped(secrets: readonly Secret[], text: string): Found[] {
  const meant = withoutEscapes(text);
  const found = meant === text ? [] : find(secrets, meant);
  if (found.length === 0) return [];
  const places = placesIn(text);
  return found.map(({ secret, start, end }) => ({
    secret,
    start: places[start]?.[0] ?? start,
    end: places[end - 1]?.[1] ?? end,
  }));
}

/**
 * Masks everything in a text of foreign origin that is named like a secret or looks like one.
 *
 * @param known secrets that may stand in it in any place, besides those that were sent on behalf of
 *   the browser's request under way
 */
export function maskText(text: string, known?: Secrets): string {
  return maskSent(text, known)
    .replace(QUOTED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(NAMED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(LONG_RUN, (run) => (isRandomLooking(run) ? mask(run) : run));
}

/** `unsupported_grant_type` is long too, but it is a word: it has neither digits nor mixed case. */
function isRandomLooking(run: string): boolean {
  return /\d/.test(run) || (/[a-z]/.test(run) && /[A-Z]/.test(run));
}
