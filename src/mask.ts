/**
 * Everything that is logged or shown and that did not originate in our own code passes through here
 * first. Secrets that we know are found by `maskSent`, others by how they look.
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

const MASKED = /^[^…]{4}…[^…]{4}$/;

/**
 * Shortens a secret so that two of them can be told apart but neither can be used: `Ovp8…23aQ`.
 *
 * @param secret any length; one of fewer than 16 characters shows nothing of itself, and what is
 *   masked stays as it is
 */
export function mask(secret: string): string {
  if (MASKED.test(secret)) return secret;
  return secret.length < 16
    ? // SECURITY.md F6: eight characters of a short secret are too much.
      '…'
    : `${secret.slice(0, 4)}…${secret.slice(-4)}`;
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

/** A shorter one would be found in every other word, and is no secret. */
const SHORTEST_SECRET = 4;

/** How a response writes a text: as it is, in HTML or XML, in JSON, in a URL or a form. */
const ESCAPES: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;'),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => encodeURIComponent(text).replace('%E2%80%A6', '…'),
  (text) => new URLSearchParams({ '': text }).toString().slice(1).replace('%E2%80%A6', '…'),
];

/**
 * Masks secrets that were sent or received, where a provider repeats them: as they are, or as HTML, JSON or
 * a URL writes them. A server that wants to hide a token from this search can (decision 7).
 */
export function maskSent(text: string, secrets: Iterable<string>): string {
  let masked = text;
  // The longest first: one may begin with another.
  for (const secret of [...secrets].sort((one, other) => other.length - one.length)) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const escape of ESCAPES) {
      // Escaped in the same way: the last characters of a token must not end a text of XML or JSON.
      masked = masked.replaceAll(escape(secret), () => escape(mask(secret)));
    }
  }
  return masked;
}

/** Masks everything in a text of foreign origin that is named like a secret or looks like one. */
export function maskText(text: string): string {
  return text
    .replace(QUOTED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(NAMED_SECRET, (_match, name: string, value: string) => name + mask(value))
    .replace(LONG_RUN, (run) =>
      isRandomLooking(run)
        ? // SECURITY.md F6: a secret of someone else, which we do not know.
          mask(run)
        : run,
    );
}

/** `unsupported_grant_type` is long too, but it is a word: it has neither digits nor mixed case. */
function isRandomLooking(run: string): boolean {
  return /\d/.test(run) || (/[a-z]/.test(run) && /[A-Z]/.test(run));
}
