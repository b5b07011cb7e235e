// The same exchanges by node:http alone, with no framework, no templates and no defences: how little
// the work itself can cost.
import { Buffer } from 'node:buffer';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Agent, createServer, request as ask } from 'node:http';
import { env } from 'node:process';
import { URL, URLSearchParams } from 'node:url';

const agent = new Agent({ keepAlive: true });
const sessions = new Map();

const PROVIDERS = {
  rally: { authorize: '/login/oauth2/auth', token: '/login/oauth2/token', back: '/oauth-redirect' },
  gocd: {
    authorize: '/go/oauth/authorize',
    token: '/go/oauth/token',
    back: '/oauth-redirect/gocd',
  },
};

function send(path, options, body) {
  return new Promise((resolve, reject) => {
    const request = ask(`${env.PROVIDER_URL}${path}`, { agent, ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve(text));
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

function begin(response, { authorize, back }) {
  const id = randomBytes(24).toString('base64url');
  const state = randomUUID();
  const verifier = randomBytes(32).toString('base64url');
  sessions.set(id, { state, verifier });
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: env.RALLY_CLIENT_ID,
    redirect_uri: `${env.SERVER_URL}${back}`,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const Location = `${env.PROVIDER_URL}${authorize}?${query}`;
  response.writeHead(302, { Location, 'Set-Cookie': `sid=${id}; Path=/; HttpOnly` }).end();
}

async function finish(request, response, name, parameters) {
  const { token, back } = PROVIDERS[name];
  const id = cookieOf(request);
  const pending = sessions.get(id);
  if (!pending || pending.state !== parameters.get('state')) {
    response.writeHead(403).end();
    return;
  }
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: parameters.get('code'),
    redirect_uri: `${env.SERVER_URL}${back}`,
    client_id: env.RALLY_CLIENT_ID,
    client_secret: env.RALLY_CLIENT_SECRET,
    code_verifier: pending.verifier,
  });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const answer = JSON.parse(await send(token, { method: 'POST', headers }, form.toString()));
  const session = { accessToken: answer.access_token };
  if (name === 'rally') {
    const path = '/slm/webservice/v2.0/user';
    session.person = JSON.parse(await send(path, credential(session))).User;
  }
  const renewed = randomBytes(24).toString('base64url');
  sessions.delete(id);
  sessions.set(renewed, session);
  const cookie = `sid=${renewed}; Path=/; HttpOnly`;
  response.writeHead(303, { Location: `/${name}`, 'Set-Cookie': cookie }).end();
}

async function showStories(response, session) {
  const query = new URLSearchParams({
    query: `(Owner = "/user/${session.person.ObjectID}")`,
    order: 'Rank,ObjectID',
    start: '1',
    pagesize: '20',
  });
  const path = `/slm/webservice/v2.0/hierarchicalrequirement?${query}`;
  const { QueryResult } = JSON.parse(await send(path, credential(session)));
  const rows = QueryResult.Results.map(
    ({ FormattedID, Name, ScheduleState, PlanEstimate }) =>
      `<tr><td>${escape(FormattedID)}<td>${escape(Name)}<td>${escape(ScheduleState)}<td>${PlanEstimate}`,
  );
  show(response, `<table>${rows.join('')}</table>`);
}

/** All entries are read, and the first 200 pipelines shown, as the app does. */
async function showPipelines(response, session) {
  const xml = await send('/go/cctray.xml', credential(session));
  const pipelines = new Map();
  for (const [, attributes] of xml.matchAll(/<Project ([^>]+)\/>/g)) {
    const entry = Object.fromEntries(
      [...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
    );
    const [name] = entry.name.split(' :: ');
    const known = pipelines.get(name);
    if (known) known.push(entry);
    else pipelines.set(name, [entry]);
  }
  const hasFailed = ([, entries]) =>
    entries.some(({ lastBuildStatus }) => lastBuildStatus === 'Failure');
  const sorted = [...pipelines].sort(
    (a, b) => hasFailed(b) - hasFailed(a) || (a[0] < b[0] ? -1 : 1),
  );
  const items = sorted.slice(0, 200).map(([name, entries]) => {
    const list = entries.map(
      (entry) => `<li><a href="${entry.webUrl}">${entry.name}</a> ${entry.lastBuildStatus}`,
    );
    return `<li><h2>${name}</h2><ol>${list.join('')}</ol>`;
  });
  show(response, `<ol>${items.join('')}</ol>`);
}

createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(500).end());
}).listen(Number(env.PORT));

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, env.SERVER_URL);
  const session = sessions.get(cookieOf(request));
  if (pathname === '/') show(response, '<h1>Sign in</h1>');
  else if (pathname === '/login/rally') begin(response, PROVIDERS.rally);
  else if (pathname === '/login/gocd') begin(response, PROVIDERS.gocd);
  else if (pathname === '/oauth-redirect') await finish(request, response, 'rally', searchParams);
  else if (pathname === '/oauth-redirect/gocd')
    await finish(request, response, 'gocd', searchParams);
  else if (!session?.accessToken) response.writeHead(401).end();
  else if (pathname === '/rally') await showStories(response, session);
  else if (pathname === '/gocd') await showPipelines(response, session);
  else response.writeHead(404).end();
}

function credential({ accessToken }) {
  return { headers: { zsessionid: accessToken, Authorization: `Token token="${accessToken}"` } };
}

function cookieOf({ headers }) {
  return headers.cookie?.slice('sid='.length);
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function show(response, body) {
  const html = `<!doctype html><title>Raw</title>${body}`;
  response
    .writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(html) })
    .end(html);
}
