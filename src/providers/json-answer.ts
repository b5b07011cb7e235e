import type { ProviderAnswer } from '../http/upstream.js';
import { unexpectedAnswer } from '../http/upstream-error.js';
import { slicesOf } from '../slices.js';

/** Two thousand rows, the most that WSAPI puts on a page, of a hundred values each. */
const MOST_VALUES = 200_000;

/** So many make half as many values at most, in some 30 MB: they need not be counted. */
const SHORT_TEXT_CHARACTERS = 1_000_000;

/**
 * Reads the JSON of an answer. What `JSON.parse` makes of a text can be much larger than the text:
 * 20 MB of `{},` are 7 million objects, which take half a gigabyte and keep all other requests
 * waiting. So the values of a long text are counted first.
 *
 * @throws {UpstreamError} for what is not JSON, and for more values than any answer needs
 */
export async function readJson(answer: ProviderAnswer): Promise<unknown> {
  const { body } = answer;
  if (body.length > SHORT_TEXT_CHARACTERS && (await hasTooManyValues(body)))
    throw unexpectedAnswer(answer);
  try {
    return JSON.parse(body);
  } catch {
    throw unexpectedAnswer(answer);
  }
}

/** Outside of strings a value comes with a comma, or with a bracket that opens. */
async function hasTooManyValues(text: string): Promise<boolean> {
  let values = 0;
  let isInString = false;
  let isEscaped = false;
  for await (const slice of slicesOf(text)) {
    for (const character of slice) {
      if (isEscaped) isEscaped = false;
      else if (character === '"') isInString = !isInString;
      else if (isInString) isEscaped = character === '\\';
      else if (character === ',' || character === '[' || character === '{') values += 1;
    }
    if (values > MOST_VALUES) return true;
  }
  return false;
}
