// src/sandbox/README.md lists the sentences of the documents: each is the name of a test beside this
// file, and no test is missing from the list.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const FOLDER = 'test/sandbox/documents';
const readme = readFileSync('src/sandbox/README.md', 'utf8');
const list = readme.slice(readme.indexOf('## Sentence by sentence'));
const files = readdirSync(FOLDER).filter((file) => file !== 'list.test.ts');

describe('the list of sentences in src/sandbox/README.md', () => {
  test.each(files)('has the sentences of %s, and none besides', (file) => {
    const [, afterLink = ''] = list.split(`/${file})\n`);
    const [section = ''] = afterLink.split(/\]\(\.\./);
    const listed = [...section.matchAll(/^- (.+)$/gm)].map(([, sentence]) => sentence);
    const source = readFileSync(`${FOLDER}/${file}`, 'utf8');
    const names = [...source.matchAll(/(?:\btest\(|\]\)\()\s*'(.+)',\s*(?:async )?\(/g)];

    expect(listed).toEqual(names.map(([, name = '']) => sentenceIn(name)));
    expect(listed.length).toBeGreaterThan(5);
  });
});

/** A test that tries a sentence in several ways names each at its end, or in its middle. */
function sentenceIn(name: string): string {
  return name.replace(' (%s)', '').replace('%s', '…');
}
