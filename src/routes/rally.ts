// Step 4 of the dance, at Rally: GET /rally uses the token and shows what it opens, my stories.
import type { RequestHandler } from 'express';
import { BadParameterError } from '../errors.js';
import type { Rally } from '../providers/rally.js';
import { rememberPerson } from '../session.js';
import { withConnection } from '../with-connection.js';

const PAGE_SIZE = 50;

export function showStories(provider: Rally): RequestHandler {
  return async (request, response) => {
    const page = readPageNumber(request.query['page']);
    const start = (page - 1) * PAGE_SIZE + 1;

    const { me, result } = await withConnection(request, provider, async (connection) => {
      const me = connection.person ?? (await provider.whoAmI(connection));
      if (!connection.person) await rememberPerson(request, provider.id, connection, me);
      const result = await provider.myStories(connection, me, { start, pageSize: PAGE_SIZE });
      return { me, result };
    });

    const last = start + result.stories.length - 1;
    response.render('rally', {
      title: 'Your stories in Rally',
      provider,
      me,
      ...result,
      first: start,
      last,
      previous: page > 1 ? page - 1 : undefined,
      // A page that is not full ends the list, whatever the total says: it may count what one
      // cannot see, or be missing.
      next: result.stories.length >= PAGE_SIZE && last !== result.total ? page + 1 : undefined,
    });
  };
}

function readPageNumber(value: unknown): number {
  if (value === undefined) return 1;
  if (typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new BadParameterError('page', 'a whole number from 1');
}
