// SECURITY.md, the tags in the code and the titles of the tests belong together.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ownFiles, quotedFiles, readClauses } from '../mutations/clauses.js';
import { findMutations } from '../mutations/defences.js';

const COUNTS = { A: 10, B: 6, C: 5, D: 10, E: 8, F: 6, G: 6 };
const NAMES = Object.entries(COUNTS).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}${index + 1}`),
);
const LARGEST_BYTES = 15_000;

/** Only processes of dist/ show them, which a changed copy would have to build. */
const SHOWN_BY_PROCESSES = ['G3', 'G4'];

const text = readFileSync('SECURITY.md', 'utf8');
const clauses = readClauses();
const defences = findMutations().flat();

describe('SECURITY.md', () => {
  test('has every clause of A to G, once', () => {
    expect(clauses.map(({ name }) => name)).toEqual(NAMES);
  });

  test.each(clauses)('$name: has tests, and quotes titles that exist', (clause) => {
    expect(ownFiles(clause).length + clause.quoted.length).toBeGreaterThan(0);
    expect(clause.quoted.filter((title) => quotedFiles(title).length === 0)).toEqual([]);
  });

  test('names no file of the code or of the tests, so that they can be moved', () => {
    expect(text.match(/\b(?:src|views)\/|\w\.(?:ts|ejs)\b/g)).toBeNull();
  });

  test('is short enough to be read', () => {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LARGEST_BYTES);
  });
});

describe('the tags in the code', () => {
  test('mark a defence of every clause', () => {
    const tagged = new Set(defences.map(({ clause }) => clause));

    expect(NAMES.filter((name) => !tagged.has(name))).toEqual(SHOWN_BY_PROCESSES);
  });

  test('name clauses that exist, and code that `npm run mutate` can take out', () => {
    const known = new Set(NAMES);

    expect(defences.filter(({ clause, change }) => !known.has(clause) || !change)).toEqual([]);
  });
});
