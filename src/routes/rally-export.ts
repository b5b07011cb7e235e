// GET /rally/export.csv and .json: all of what GET /rally shows page by page, as a file.
import type { RequestHandler } from 'express';
import type { Rally } from '../providers/rally.js';
import { columnsOf } from '../rally-export/columns.js';
import type { Format } from '../rally-export/formats.js';
import { send } from '../rally-export/send.js';
import { findAllWork } from '../rally-export/work.js';
import { textOf } from '../rally-export/text.js';
import { readView } from '../rally-page/address.js';

export function exportAs(format: Format): (provider: Rally) => RequestHandler {
  return (provider) => async (request, response) => {
    const view = readView(request.query);
    // Until here anything that fails is a page with its status; later the file ends in the middle.
    const { total, rows } = await findAllWork(request, response, provider, view);
    const today = new Date().toISOString().slice(0, 10);
    response.attachment(`rally-${view.type}-${today}.${format.extension}`);
    response.set('X-Total-Count', String(total)); // for the page's script: how far it is
    if (request.method === 'HEAD') response.end();
    else await send(response, textOf(format, columnsOf(view.type), rows));
  };
}
