// What WSAPI can do in place of answering. Seen by users of Rally's toolkits: both 401s (rally-node#30,
// #51, #53), 403 (Broadcom KB 144480), the IP restriction (flowdock's fixtures), 503, `Errors`
// (eltmon/overdeck#168). The rest is what networks and proxies do.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Failure } from '../failures.js';
import { refuseInJson, refuseWithPage } from '../rally/wsapi/refusals.js';
import { answer, busy, dripping, elsewhere, hanging, html, huge, reset, slow } from './broken.js';

const JSON_TYPE = 'application/json';

/** An envelope of a query; a client that asked for something else must survive it, too. */
const queryResult = (members: object) =>
  JSON.stringify({
    QueryResult: {
      _rallyAPIMajor: '2',
      _rallyAPIMinor: '0',
      Errors: [],
      Warnings: [],
      TotalResultCount: 0,
      StartIndex: 1,
      PageSize: 20,
      Results: [],
      ...members,
    },
  });

export const wsapiFailures: ReadonlyMap<string, Failure> = new Map(
  Object.entries<Failure>({
    'wsapi-401': {
      fail: ({ request, response }) => {
        refuseInJson(request, response);
      },
    },
    'wsapi-401-html': {
      fail: ({ response }) => {
        refuseWithPage(response);
      },
    },
    'wsapi-403': html(403, 'Forbidden'),
    'wsapi-ip-restriction': html(
      404,
      'Your IP address, 203.0.113.7, is not within the allowed range that your subscription administrator has configured.',
    ),
    'wsapi-429': busy(429),
    'wsapi-500': html(500, 'Internal Server Error'),
    'wsapi-503': busy(503),
    'wsapi-html': html(200, 'Down for maintenance'),
    'wsapi-errors': answer(
      200,
      JSON_TYPE,
      queryResult({
        Errors: [
          'Could not read: could not read all instances of class com.f4tech.slm.domain.Artifact',
        ],
      }),
    ),
    'wsapi-truncated': answer(200, JSON_TYPE, queryResult({}).slice(0, 90)),
    'wsapi-empty': answer(200, JSON_TYPE, ''),
    'wsapi-wrong-types': answer(
      200,
      JSON_TYPE,
      queryResult({ TotalResultCount: 'many', Results: { first: null } }),
    ),
    'wsapi-slow': slow,
    'wsapi-hanging': hanging,
    'wsapi-dripping': dripping(JSON_TYPE, '{'),
    'wsapi-reset': reset,
    'wsapi-redirect': elsewhere,
    'wsapi-huge': huge(JSON_TYPE, '{"QueryResult":{"Results":["', 'x'.repeat(64 * 1024)),
    // 64 MB of spaces in 64 kB.
    'wsapi-compression-bomb': {
      fail: ({ response }) => {
        bomb ??= promisify(gzip)(Buffer.alloc(64 * 1024 * 1024, ' '));
        void bomb.then((packed) => {
          response.type(JSON_TYPE).set('Content-Encoding', 'gzip').end(packed);
        });
      },
    },
  }),
);

let bomb: Promise<Buffer> | undefined;
