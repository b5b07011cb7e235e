// WSAPI's query language: every term in parentheses, spaces round the operator, and only two terms
// to an AND or OR: ((A) AND (B)). Sources: the query examples of Rally's toolkits, Broadcom KB 131936.
import { comparison, OPERATORS, type Predicate } from './comparison.js';
import { cannotRead, fieldPath, WsapiError } from './field-path.js';
import type { TypeName } from './schema.js';

/** Deeper than any program nests, and far from what the stack bears. */
const DEEPEST = 1000;

/**
 * Reads a query.
 *
 * @param type of the objects that are asked for: the query may name its fields alone
 * @throws {WsapiError} with WSAPI's own words
 */
export function parseQuery(text: string, type: TypeName): Predicate {
  // The last alternative is a quote that nothing closes: it swallows the rest.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+|"[^]*/g) ?? [];
  let position = 0;

  const next = () => tokens[position++];
  const expect = (wanted: string) => {
    const saw = next();
    if (saw !== wanted) throw unexpected(`"${wanted}"`, saw);
  };

  // Fields are looked up when the whole has been parsed: a query that does not parse says that first.
  const readTerm = (depth: number): (() => Predicate) => {
    if (depth > DEEPEST) throw unexpected('a comparison', '(');
    expect('(');
    if (tokens[position] !== '(') return readComparison();
    const left = readTerm(depth + 1);
    const operator = next();
    if (operator === ')') return left;
    if (operator !== 'AND' && operator !== 'OR') throw unknownOperator(operator);
    const right = readTerm(depth + 1);
    expect(')');
    return () => both(operator, left(), right());
  };

  const readComparison = (): (() => Predicate) => {
    const field = next() ?? '';
    const operator = next();
    if (operator === undefined || !OPERATORS.includes(operator)) throw unknownOperator(operator);
    const value = unquote(next() ?? '');
    expect(')');
    return () => {
      const predicate = comparison(fieldPath(type, field), operator, value);
      if (!predicate) throw cannotRead(type);
      return predicate;
    };
  };

  const compile = readTerm(0);
  if (position < tokens.length) throw unexpected('end of query', tokens[position]);
  return compile();
}

function both(operator: 'AND' | 'OR', left: Predicate, right: Predicate): Predicate {
  return operator === 'AND'
    ? (object) => left(object) && right(object)
    : (object) => left(object) || right(object);
}

function unexpected(wanted: string, saw = 'end of query'): WsapiError {
  return new WsapiError(
    `Could not parse: Error parsing expression -- expected ${wanted} but saw "${saw}" instead.`,
  );
}

function unknownOperator(operator = ''): WsapiError {
  return new WsapiError(`Could not parse: Unknown operator "${operator}"`);
}

function unquote(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token;
}
