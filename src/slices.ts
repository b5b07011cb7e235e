import { setImmediate as giveWay } from 'node:timers/promises';

/** Some milliseconds of work for a parser. */
const SLICE_CHARACTERS = 65_536;

/**
 * Hands out a long text piece by piece, and lets other requests have their turn in between: who works
 * through 20 MB in one go keeps everybody waiting for seconds.
 */
export async function* slicesOf(text: string): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += SLICE_CHARACTERS) {
    // SECURITY.md E3: other requests have their turn while a large response is parsed.
    if (start > 0) await giveWay();
    yield text.slice(start, start + SLICE_CHARACTERS);
  }
}
