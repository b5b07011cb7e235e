// GET /walkthrough/src/…: the files that the walkthrough's steps name, to read beside the messages.
import type { RequestHandler } from 'express';
import { NotFoundError } from '../errors.js';
import { declaredIn, readSource, sourcePaths } from '../walkthrough/sources.js';

export const showSource: RequestHandler = async (request, response) => {
  const requested = [request.params['path'] ?? []].flat().join('/');
  // The path that is read comes from the list, never from the request.
  const path = [...(await sourcePaths()).values()].find((path) => path === requested);
  if (path === undefined) throw new NotFoundError('no such page');
  const text = await readSource(path);
  response.render('walkthrough-source', {
    title: `src/${path}`,
    styles: ['walkthrough.css'],
    path,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => ({ line, symbol: declaredIn(line) })),
  });
};
