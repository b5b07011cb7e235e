// GET /rally/choices: the workspaces, projects and iterations that one can choose from. As JSON for the
// page's script, which asks when the page stands; as a page of its own where no script runs.
import type { RequestHandler } from 'express';
import { fetchChoices } from '../providers/rally-choices.js';
import type { Rally } from '../providers/rally.js';
import { addressOf, readAddress } from '../rally-page/address.js';
import { choosers } from '../rally-page/choosers.js';
import { withConnection } from '../with-connection.js';

export function showChoices(provider: Rally): RequestHandler {
  return async (request, response) => {
    const address = readAddress(request.query);
    const choices = await withConnection(request, provider, (connection) =>
      fetchChoices(provider.wsapi(request.upstream, connection), address),
    );
    if (request.accepts(['html', 'json']) === 'json') {
      response.json(choices);
      return;
    }
    response.render('rally-choices', {
      title: 'Choose what to see of your work in Rally',
      styles: ['rally.css'],
      back: addressOf('/rally', address),
      ...choosers(address, choices),
    });
  };
}
