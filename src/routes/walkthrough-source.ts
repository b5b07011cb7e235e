// GET /walkthrough/src/…: the files that the walkthrough's steps name, to read beside the messages.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestHandler } from 'express';

const src = join(import.meta.dirname, '../../src');

/** Where a line begins something that a step may point to. */
const DECLARATION = /^(?:export )?(?:async )?(?:function|class|interface|const) (\w+)/;

/** @param path of a file below src/; never taken from a request */
export function showSource(path: string): RequestHandler {
  return async (_request, response) => {
    const text = await readFile(join(src, path), 'utf8');
    response.render('walkthrough-source', {
      title: `src/${path}`,
      styles: ['walkthrough.css'],
      path,
      lines: text
        .trimEnd()
        .split('\n')
        .map((line) => ({ line, symbol: DECLARATION.exec(line)?.[1] })),
    });
  };
}
