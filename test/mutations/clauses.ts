// The clauses of SECURITY.md, and the tests that show each of them.
import { readFileSync } from 'node:fs';
import { filesBelow } from './defences.js';

/** A promise of SECURITY.md. */
export interface Clause {
  readonly name: string;
  /** Titles that stand in quotation marks, each whole or in part. */
  readonly quoted: readonly string[];
}

export const TEST_FILES: ReadonlyMap<string, string> = new Map(
  filesBelow('test', '.test.ts').map((file) => [file, readFileSync(file, 'utf8')]),
);

/** In the order of the document. A clause is an item of a list that begins with its name. */
export function readClauses(): Clause[] {
  const text = readFileSync('SECURITY.md', 'utf8');
  return [...text.matchAll(/^- \*\*([A-Z]\d+)\*\*(.*(?:\n {2}.*)*)/gm)].map(
    ([, name = '', promise = '']) => ({
      name,
      quoted: [...promise.replace(/\n */g, ' ').matchAll(/“(.+?)”/g)].map(
        ([, title = '']) => title,
      ),
    }),
  );
}

/** Tests whose titles begin with the clause. */
export function ownFiles({ name }: Clause): string[] {
  return filesWith(new RegExp(`['"\`]${name} `));
}

/** Tests that a clause quotes. A title stands in the code as it is quoted, placeholders included. */
export function quotedFiles(title: string): string[] {
  return filesWith(new RegExp(escaped(title)));
}

/** What to run for a clause: files, and a pattern for the full names of their tests. */
export function testsOf(clause: Clause): { files: string[]; pattern: string } {
  const patterns = clause.quoted.map((title) =>
    escaped(title).replace(/%[a-z]|\\\$[\w.]+/gi, '.*'),
  );
  return {
    files: [...new Set([...ownFiles(clause), ...clause.quoted.flatMap(quotedFiles)])],
    pattern: [`(?:^| )${clause.name} `, ...patterns].join('|'),
  };
}

function filesWith(pattern: RegExp): string[] {
  return [...TEST_FILES].flatMap(([file, text]) => (pattern.test(text) ? [file] : []));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
