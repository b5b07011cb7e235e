import { alike, placesIn, withoutEscapes } from './escapes.js';

/** A shorter one would be found in every other word. */
const SHORTEST_SECRET = 4;

/** Where a secret stands in a text. */
export interface Found {
  readonly secret: string;
  readonly start: number;
  readonly end: number;
}

/** Secrets that may stand in a text of foreign origin. */
export class Secrets {
  /** Of each what it may look like, worked out once: a page may have tens of thousands of texts. */
  private readonly forms = new Map<string, readonly string[]>();
  private shortest = Infinity;

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.add(secret);
  }

  add(secret: string): void {
    const forms = formsOf(secret);
    this.forms.set(secret, forms);
    this.shortest = Math.min(this.shortest, ...forms.map(({ length }) => length));
  }

  /** Where they stand in a text, however it writes them: in no order, and one may overlap another. */
  findIn(text: string): readonly Found[] {
    if (text.length < this.shortest) return []; // most texts have no room for a secret
    const found = this.search(text);
    const meant = withoutEscapes(text);
    const escaped =
      meant === text
        ? []
        : // SECURITY.md F6: a server may repeat a secret escaped for a URL, HTML or JSON.
          this.search(meant);
    if (escaped.length === 0) return found;
    const places = placesIn(text);
    return found.concat(
      escaped.map(({ secret, start, end }) => ({
        secret,
        start: places[start]?.[0] ?? start,
        end: places[end - 1]?.[1] ?? end,
      })),
    );
  }

  private search(text: string): Found[] {
    const found: Found[] = [];
    const searched = alike(text);
    for (const [secret, forms] of this.forms) {
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
}

/** As a server may repeat it: as it is, without escapes that it has itself, or in base64. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  const forms = new Set(
    [
      secret,
      withoutEscapes(secret),
      base64, // SECURITY.md F6: as in an Authorization header
    ].map(alike),
  );
  return [...forms].filter(({ length }) => length >= SHORTEST_SECRET);
}
