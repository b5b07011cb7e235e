// An export by npm's rally, Rally's own toolkit for Node: it asks for page after page, and gives all of
// them at the end. The page size is the provider's to decide, as it is for the app.
import { createServer } from 'node:http';
import { env } from 'node:process';
import rally from 'rally';

const api = rally({ server: env.PROVIDER_URL, apiKey: '_any' });
const fields = ['FormattedID', 'Name', 'ScheduleState', 'PlanEstimate', 'LastUpdateDate'];

createServer((request, response) => {
  if (request.url !== '/rally/export.csv') {
    response.end();
    return;
  }
  answer(response).catch(() => response.writeHead(500).end());
}).listen(Number(env.PORT));

async function answer(response) {
  const { Results } = await api.query({
    type: 'hierarchicalrequirement',
    pageSize: Number(env.MOST_ROWS),
    limit: 1_000_000,
    fetch: fields,
    order: 'ObjectID',
  });
  const lines = Results.map((row) =>
    fields.map((field) => `"${String(row[field] ?? '').replaceAll('"', '""')}"`).join(','),
  );
  response.writeHead(200, { 'Content-Type': 'text/csv' }).end(lines.join('\r\n'));
}
