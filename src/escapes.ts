// Reads a text as it was meant before it was escaped for a URL, for HTML or for JSON: a secret that a
// server repeats is then found by a plain search. A pattern made of the secret would do it, too, and
// whoever sends a secret of ten thousand characters would have the process compile that.

const ESCAPE =
  /\\+u([\da-f]{4})|(\\+)|((?:%[\da-f]{2})+)|&#x0*([\da-f]{1,6});?|&#0*(\d{1,7});?|&(amp|lt|gt|quot|apos);/gi;

/** Most texts have none of these, and are looked through once. */
const ESCAPING = /[\\%&]/;

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** In one case, and with `+` for a space, as forms write it. As long as the text is: İ would be two. */
export function alike(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase().replaceAll(' ', '+');
}

/** The text without its escapes. Backslashes are left out: they escape, or are none's to tell. */
export function withoutEscapes(text: string): string {
  if (!ESCAPING.test(text)) return text;
  return text.replace(ESCAPE, (...groups: (string | undefined)[]) => meaningOf(groups));
}

/**
 * Where the characters of {@link withoutEscapes} stand in the text.
 *
 * @returns for each, where it begins and where it ends
 */
export function placesIn(text: string): (readonly [start: number, end: number])[] {
  const places: (readonly [number, number])[] = [];
  let at = 0;
  const literally = (until: number) => {
    for (; at < until; at++) places.push([at, at + 1]);
  };
  for (const groups of text.matchAll(ESCAPE)) {
    literally(groups.index);
    const end = at + groups[0].length;
    const meaning = meaningOf(groups);
    const isOfBytes = 3 * meaning.length === groups[0].length;
    for (const character of meaning) {
      // Of a run of percent escapes each character has its own: three for a byte.
      const bytes = isOfBytes ? 1 : Buffer.byteLength(character);
      const next = groups[3] === undefined ? end : at + 3 * bytes;
      places.push([at, next]);
      if (character.length === 2) places.push([at, next]); // a surrogate pair
      if (groups[3] !== undefined) at = next;
    }
    at = end;
  }
  literally(text.length);
  return places;
}

/** Of the groups of {@link ESCAPE}. */
function meaningOf([, json, backslashes, percents, hex, decimal, name]: readonly (
  string | undefined
)[]): string {
  if (backslashes !== undefined) return '';
  if (percents !== undefined) return bytesOf(percents);
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? '';
  const code = decimal === undefined ? parseInt(json ?? hex ?? '', 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** UTF-8; where it is none a character for each byte. */
function bytesOf(percents: string): string {
  const bytes = Buffer.from(percents.replaceAll('%', ''), 'hex');
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : bytes.toString('latin1');
}
