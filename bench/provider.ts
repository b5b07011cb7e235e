// Stands in for both providers, in a process of its own. It is no sandbox: it refuses only what would
// make a measurement wrong, and has its answers ready.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const number = (name: string, absent: number) => Number(process.env[name] ?? absent);
const STORIES = number('STORIES', 20);
const ENTRIES = number('ENTRIES', 100);
const LATENCY_MS = number('LATENCY_MS', 0);
/** On one page, whatever is asked for, as at Rally. */
const MOST_ROWS = number('MOST_ROWS', 2000);

const JSON_TYPE = 'application/json; charset=utf-8';
const USER = JSON.stringify({
  User: { Errors: [], Warnings: [], ObjectID: 1, DisplayName: 'Ada', UserName: 'ada@example.test' },
});
const cctray = document();
const pages = new Map<string, string>();
let issued = 0;

const server = createServer((request, response) => {
  void answer(request, response);
}).listen(0, 'localhost', () => {
  process.send?.((server.address() as AddressInfo).port);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  if (pathname === '/login/oauth2/auth' || pathname === '/go/oauth/authorize') {
    const back = new URL(searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('code', `code-${++issued}`);
    back.searchParams.set('state', searchParams.get('state') ?? '');
    response.writeHead(302, { Location: back.href }).end();
    return;
  }
  if (request.method === 'POST') await request.resume().toArray();
  if (LATENCY_MS > 0) await delay(LATENCY_MS);
  if (pathname === '/login/oauth2/token' || pathname === '/go/oauth/token') {
    send(response, JSON_TYPE, token());
  } else if (!request.headers['zsessionid'] && !request.headers.authorization) {
    response.writeHead(401).end();
  } else if (pathname === '/go/cctray.xml') {
    send(response, 'application/xml; charset=utf-8', cctray);
  } else if (pathname === '/slm/webservice/v2.0/user') {
    send(response, JSON_TYPE, USER);
  } else if (pathname.startsWith('/slm/webservice/v2.0/')) {
    send(response, JSON_TYPE, pageOf(searchParams));
  } else {
    response.writeHead(404).end();
  }
}

function send(response: ServerResponse, type: string, body: string): void {
  response
    .writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}

function token(): string {
  return JSON.stringify({
    access_token: `access-token-of-a-usual-length-${++issued}`,
    refresh_token: `refresh-token-of-a-usual-length-${issued}`,
    token_type: 'Bearer',
    expires_in: 86_400,
  });
}

/** A page of stories; each is written once. */
function pageOf(parameters: URLSearchParams): string {
  const start = Number(parameters.get('start') ?? 1);
  const size = Math.min(MOST_ROWS, Number(parameters.get('pagesize') ?? 20));
  const key = `${start} ${size}`;
  const known = pages.get(key);
  if (known !== undefined) return known;
  const rows = Math.max(0, Math.min(size, STORIES - start + 1));
  const page = JSON.stringify({
    QueryResult: {
      Errors: [],
      Warnings: [],
      TotalResultCount: STORIES,
      StartIndex: start,
      PageSize: size,
      Results: Array.from({ length: rows }, (_, index) => story(start + index)),
    },
  });
  pages.set(key, page);
  return page;
}

function story(id: number) {
  return {
    _type: 'HierarchicalRequirement',
    _refObjectName: `Story ${id}`,
    ObjectID: 1000 + id,
    FormattedID: `US${id}`,
    Name: `Story ${id} of a team that writes names of a middling length`,
    ScheduleState: ['Defined', 'In-Progress', 'Completed', 'Accepted'][id % 4],
    PlanEstimate: id % 13,
    Iteration: { _refObjectName: `Iteration ${id % 5}`, ObjectID: 10 + (id % 5) },
    Project: { _refObjectName: `Project ${id % 3}`, ObjectID: 20 + (id % 3) },
    Blocked: id % 10 === 0,
    LastUpdateDate: '2026-01-02T03:04:05.678Z',
  };
}

/** Pipelines of two stages with four jobs each: ten entries. */
function document(): string {
  const entries = Array.from({ length: ENTRIES }, (_, index) => {
    const pipeline = `pipeline-${Math.floor(index / 10)}`;
    const stage = index % 10 < 5 ? 'build' : 'deploy';
    const job = index % 5 === 0 ? '' : ` :: job-${index % 5}`;
    const status = index % 37 === 0 ? 'Failure' : 'Success';
    return `  <Project name="${pipeline} :: ${stage}${job}" activity="Sleeping" lastBuildStatus="${status}" lastBuildLabel="7" lastBuildTime="2026-01-02T03:04:05Z" webUrl="http://localhost/go/pipelines/${pipeline}/7/${stage}/1" />`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>\n<Projects>\n${entries.join('\n')}\n</Projects>`;
}
