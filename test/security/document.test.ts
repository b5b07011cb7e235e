// SECURITY.md names tests for every clause: they must exist, and notice when their defence is gone.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { MUTATIONS } from '../mutations/mutations.js';

const COUNTS = { A: 10, B: 6, C: 5, D: 10, E: 8, F: 6, G: 6 };
const CLAUSES = Object.entries(COUNTS).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}${index + 1}`),
);

/** Shown by processes of dist/, which a changed copy would have to build. */
const SHOWN_BY_PROCESSES = ['G3', 'G4'];

interface Row {
  readonly clause: string;
  readonly tests: readonly { readonly file: string; readonly titles: readonly string[] }[];
}

const rows = readFileSync('SECURITY.md', 'utf8')
  .split('\n')
  .flatMap((line): Row[] => {
    const [, clause, , , tests] = /^\| ([A-G]\d+) +\|(.*?)\|(.*?)\|(.*)\|$/.exec(line) ?? [];
    if (clause === undefined || tests === undefined) return [];
    const links = [...tests.matchAll(/\]\((test\/[^)]+)\)(?:: (“.*?”)(?=;|\s*$))?/g)];
    return [
      {
        clause,
        tests: links.map(([, file = '', titles = '']) => ({
          file,
          titles: [...titles.matchAll(/“(.+?)”/g)].map(([, title = '']) => title),
        })),
      },
    ];
  });

describe('SECURITY.md', () => {
  test('has every clause of A to G, once', () => {
    expect(rows.map(({ clause }) => clause)).toEqual(CLAUSES);
  });

  test.each(rows)('$clause: names tests that exist', ({ clause, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, titles } of tests) {
      const source = readFileSync(file, 'utf8');
      const named = titles.length > 0 ? titles : [`'${clause} `];
      expect([file, named.filter((title) => !source.includes(title))]).toEqual([file, []]);
    }
  });

  test('has a defence to take out for every clause, and no clause that is not there', () => {
    const taken = new Set(MUTATIONS.map(({ clause }) => clause));

    expect(CLAUSES.filter((clause) => !taken.has(clause))).toEqual(SHOWN_BY_PROCESSES);
    expect([...taken].filter((clause) => !CLAUSES.includes(clause))).toEqual([]);
  });
});

describe('test/mutations/mutations.ts', () => {
  test.each(MUTATIONS)('$clause: $find stands in $file once', ({ file, find, and }) => {
    const source = readFileSync(file, 'utf8');

    for (const text of [find, ...(and ? [and.find] : [])]) {
      expect(source.split(text)).toHaveLength(2);
    }
  });
});
