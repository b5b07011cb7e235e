import fc from 'fast-check';

// Sentences that hold for any input, and the inputs.

/** A single input that takes longer has no answer. */
const HANG_MS = 12_000;

/** A loaded machine tries fewer inputs rather than running out of a test's time. */
const ENOUGH_MS = 6_000;

/** How many inputs a sentence is tried on where it does not say so. */
const TRIES = 75;

/**
 * Tries a sentence on inputs made up at random. A failure prints the smallest input that breaks it,
 * with the seed and the path that lead there again.
 *
 * @param parameters how often; or `{ seed, path }`, to see a failure again
 */
export async function forAny<Input>(
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => Promise<void> | void,
  parameters: fc.Parameters<[Input]> = {},
): Promise<void> {
  const end = performance.now() + ENOUGH_MS;
  const property = fc.asyncProperty(inputs, async (input) => {
    if (performance.now() < end) await holds(input);
  });
  const numRuns = parameters.numRuns ?? TRIES;
  await fc.assert(property, { timeout: HANG_MS, ...parameters, numRuns });
}

/** Where a provider's answer repeats all the secrets that it was sent. */
export const ECHO = '\u{e000}';

/** What must never become markup: outcome.ts looks for the attribute. */
const MARKUP = '"\'><i data-injected>';

const nasty = fc.constantFrom(
  '<script data-injected></script>',
  '\r\nX-Injected: 1',
  '\0',
  '\u2028',
  '\ud800',
  '%',
  '%00',
  '%ff',
  '../',
  '__proto__',
  'constructor',
  '<%= 1 %>',
);

/** Texts of all kinds: empty, long, of any characters, with what has broken other programs. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(fc.constantFrom(ECHO, MARKUP), nasty, fc.string()), { maxLength: 5 })
    .map((parts) => parts.join('')),
);

/** What a header can be made of. */
export const anyHeader: fc.Arbitrary<string> = anyText.map((text) =>
  text.replaceAll(/[^\t\x20-\x7e\xa0-\xff]/g, ''),
);

/** Any JSON value, with such texts as its strings and keys. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyText,
    fc.constantFrom(null, true, false, 0, -1, 1e308, ''),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** Tokens and keys of any characters that a header takes; the word in them makes them findable. */
export const anySecret: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '$&', '$`', "$'", '$1', '&lt;', '='),
    fc.string({ unit: fc.constantFrom(...headerSafe()), minLength: 8, maxLength: 60 }),
  )
  .map(([start, text]) => `${start}pLaNteD${text}`);

function headerSafe(): string[] {
  const visible = Array.from({ length: 0x7f - 0x21 }, (_, index) =>
    String.fromCharCode(0x21 + index),
  );
  return visible.filter((character) => character !== '"' && character !== '\\');
}
