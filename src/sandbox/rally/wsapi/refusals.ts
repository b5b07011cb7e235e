// How WSAPI says that it does not know who asks. It is no envelope: seen as JSON in
// Broadcom/rally-node#53, as Jetty's page in RallyTools/rally-node#30 and #51.
import type { Request, Response } from 'express';
import { barePage } from '../../bare-page.js';

export function refuseInJson(request: Request, response: Response): void {
  const url = request.baseUrl + request.path;
  response.status(401).json({ message: null, status: '401', url });
}

export function refuseWithPage(response: Response): void {
  const heading = 'Error 401 Full authentication is required to access this resource';
  response.status(401).type('html').end(barePage(heading, '<p>Powered by Jetty://</p>'));
}
