// GET /rally/counts: how much the other tabs would show. The page asks for it when it stands.
import type { RequestHandler } from 'express';
import { countArtifacts } from '../providers/rally-artifacts.js';
import { WORK_TYPES } from '../providers/rally-work.js';
import type { Rally } from '../providers/rally.js';
import { inTab, readAddress } from '../rally-page/address.js';
import { withPerson } from '../with-person.js';

export function countWork(provider: Rally): RequestHandler {
  return async (request, response) => {
    const address = readAddress(request.query);
    const others = WORK_TYPES.filter((type) => type !== address.type);
    const counts = await withPerson(request, provider, (connection, me) =>
      Promise.all(
        others.map(async (type) => {
          const view = inTab(address, type);
          return [
            type,
            await countArtifacts(provider.wsapi(request.upstream, connection), me, view),
          ];
        }),
      ),
    );
    response.json(Object.fromEntries(counts));
  };
}
