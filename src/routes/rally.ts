// Step 4 of the dance, at Rally: GET /rally uses the token and shows what it opens, my work.
import type { RequestHandler } from 'express';
import { fetchArtifacts } from '../providers/rally-artifacts.js';
import type { Rally } from '../providers/rally.js';
import { addressOf, isCanonical, pageOf, readAddress } from '../rally-page/address.js';
import { rallyPage } from '../rally-page/page.js';
import { withPerson } from '../with-person.js';

export function showWork(provider: Rally): RequestHandler {
  return async (request, response) => {
    const address = readAddress(request.query);
    // A form sends its empty fields, too: the browser is sent on to the short address.
    if (!isCanonical(request.query, address)) {
      response.redirect(addressOf('/rally', address));
      return;
    }
    const page = await withPerson(request, provider, async (connection, me) => {
      const found = await fetchArtifacts(
        provider.wsapi(request.upstream, connection),
        me,
        address,
        pageOf(address),
      );
      return rallyPage(provider, me, address, found);
    });
    response.render('rally', page);
  };
}
