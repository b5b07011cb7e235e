// src/sandbox/README.md lists the sentences of the documents, below the headings that they have there:
// each is the name of a test beside this file, and no test is missing from the list. The documents
// themselves are not compared: they are others', and are not kept here.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const FOLDER = 'test/sandbox/documents';
const readme = readFileSync('src/sandbox/README.md', 'utf8');
const list = readme.slice(readme.indexOf('## Sentence by sentence'));
const files = readdirSync(FOLDER).filter((file) => file !== 'list.test.ts');

describe('the list of sentences in src/sandbox/README.md', () => {
  test.each(files)('has the sentences of %s below their headings, and none besides', (file) => {
    const [, afterLink = ''] = list.split(`/${file})\n`);
    const [section = ''] = afterLink.split(/\]\(\.\.|^Left out/m);
    const source = readFileSync(`${FOLDER}/${file}`, 'utf8');
    const listed = belowHeadings(
      section.replaceAll('\\<', '<'),
      /^- \*\*(.+)\*\*$/,
      /^ {2}- (.+)$/,
    );
    const tested = belowHeadings(
      source.replaceAll(/(\]\)\(|\)\)\(|\btest\()\s*'/g, "$1'"),
      /^ *describe\('(.+)', \(\) => \{$/,
      /(?:\btest\(|\]\)\(|\)\)\()'(.+)',(?: (?:async )?\(.*)?$/,
    );

    expect(listed).toEqual([...new Set(tested.map(sentenceIn))]);
    expect(listed.length).toBeGreaterThan(15);
  });
});

/** Each sentence after the heading that it stands below: two headings may share one. */
function belowHeadings(text: string, heading: RegExp, sentence: RegExp): string[] {
  let current = 'no heading';
  return text.split('\n').flatMap((line) => {
    current = heading.exec(line)?.[1] ?? current;
    const found = sentence.exec(line)?.[1];
    return found === undefined ? [] : [`${current}: ${found}`];
  });
}

/** A test that tries a sentence in several ways names each of them at its end. */
function sentenceIn(name: string): string {
  return name.replace(/ \((%s|delete|reset)\)$/, '');
}
