// WSAPI's query language: every term in parentheses, spaces round the operator, and only two terms
// to an AND or OR: ((A) AND (B)). Sources: the query examples of Rally's toolkits, Broadcom KB 131936.
import type { Reference } from './stories.js';

/** The fields of an object; another object stands in a field as a reference. */
export type Fields = Readonly<Record<string, string | number | boolean | Reference | null>>;

type Predicate = (fields: Fields) => boolean;

/** The query does not parse. Its message is the text that WSAPI puts into `Errors`. */
export class QueryError extends Error {}

const OPERATORS = ['=', '!=', '<=', '>=', '<', '>', 'contains', '!contains'];

/**
 * Reads a query.
 *
 * @throws {QueryError} with WSAPI's own words
 */
export function parseQuery(text: string): Predicate {
  // The last alternative is a quote that nothing closes: it swallows the rest.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+|"[^]*/g) ?? [];
  let position = 0;

  const next = () => tokens[position++];
  const expect = (wanted: string) => {
    const saw = next();
    if (saw !== wanted) {
      throw new QueryError(
        `Could not parse: Error parsing expression -- expected "${wanted}" but saw "${saw ?? 'end of query'}" instead.`,
      );
    }
  };

  const readTerm = (): Predicate => {
    expect('(');
    if (tokens[position] !== '(') return readComparison();
    const left = readTerm();
    const operator = next();
    if (operator === ')') return left;
    if (operator !== 'AND' && operator !== 'OR') throw unknownOperator(operator);
    const right = readTerm();
    expect(')');
    return operator === 'AND'
      ? (fields) => left(fields) && right(fields)
      : (fields) => left(fields) || right(fields);
  };

  const readComparison = (): Predicate => {
    const field = next() ?? '';
    const operator = next();
    if (operator === undefined || !OPERATORS.includes(operator)) throw unknownOperator(operator);
    const value = unquote(next() ?? '');
    expect(')');
    return (fields) => compare(read(fields, field), operator, value);
  };

  const predicate = readTerm();
  if (position < tokens.length) {
    throw new QueryError(
      `Could not parse: Error parsing expression -- expected end of query but saw "${String(tokens[position])}" instead.`,
    );
  }
  return predicate;
}

function unknownOperator(operator: string | undefined): QueryError {
  return new QueryError(`Could not parse: Unknown operator "${operator ?? ''}"`);
}

function unquote(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token;
}

/** `Owner.Name` is the name of the object in the field Owner. */
function read(fields: Fields, path: string): Fields[string] {
  const [name = '', inner] = path.split('.');
  const value = Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;
  if (inner === undefined || value === null || typeof value !== 'object') return value;
  if (inner === 'UserName') return value.userName ?? null;
  return inner === 'Name' ? value.name : inner === 'ObjectID' ? objectIdOf(value) : null;
}

function objectIdOf({ path }: Reference): number {
  return Number(path.split('/').at(-1));
}

function compare(actual: Fields[string], operator: string, value: string): boolean {
  if (value === 'null') return operator === '!=' ? actual !== null : actual === null;
  const text = textOf(actual, value);
  const isContained = text.toLowerCase().includes(value.toLowerCase());
  const isEqual = isReference(value)
    ? text === value.replace(/^.*\/slm\/webservice\/v2\.[0x]/, '')
    : text.toLowerCase() === value.toLowerCase();
  const difference =
    typeof actual === 'number' ? actual - Number(value) : text < value ? -1 : Number(text > value);
  switch (operator) {
    case '=':
      return isEqual;
    case '!=':
      return !isEqual;
    case 'contains':
      return isContained;
    case '!contains':
      return !isContained;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    default:
      return difference >= 0;
  }
}

/** Another object is compared by its path, or a person by user name: `(Owner = ada@example.test)`. */
function textOf(actual: Fields[string], value: string): string {
  if (actual === null || typeof actual !== 'object') return String(actual ?? '');
  return isReference(value) ? actual.path : (actual.userName ?? actual.path);
}

/** `/user/23456`, or the whole address of an object. */
function isReference(value: string): boolean {
  return /(^|\/slm\/webservice\/v2\.[0x])\/[a-z]+\/\d+$/i.test(value);
}
