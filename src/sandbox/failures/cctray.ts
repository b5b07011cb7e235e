// What cctray.xml can be in place of itself. The 403 and the times without a zone are real servers'
// (gocd/gocd 17.12; #4656), the unknown states are cctray.org's; the rest is what networks, proxies
// and attackers do.
import type { Failure } from '../failures.js';
import { denyAccess } from '../gocd/access-denied.js';
import {
  answer,
  busy,
  dripping,
  elsewhere,
  hanging,
  html,
  huge,
  redirectTo,
  reset,
  slow,
} from './broken.js';

const XML = 'application/xml;charset=utf-8';
const HEAD = '<?xml version="1.0" encoding="utf-8"?>\n';

const project = (attributes: string) =>
  `${HEAD}<Projects>\n  <Project name="barn :: build" ${attributes} webUrl="https://gocd.example/go/pipelines/barn/1/build/1" />\n</Projects>`;

export const cctrayFailures: ReadonlyMap<string, Failure> = new Map(
  Object.entries<Failure>({
    'cctray-401': {
      fail: ({ request, response }) => {
        response.set('WWW-Authenticate', 'Basic realm="GoCD"');
        denyAccess(request, response, 401, 'You are not authenticated!');
      },
    },
    // What the open-source servers answered to a good OAuth token, whatever the documentation says.
    'cctray-403': {
      fail: ({ request, response }) => {
        denyAccess(request, response, 403, 'You are not authorized to access this resource!');
      },
    },
    'cctray-404': html(404, 'Not Found'),
    'cctray-500': html(500, 'Internal Server Error'),
    'cctray-503': busy(503),
    'cctray-429': busy(429),
    'cctray-login-page': html(200, 'Log in to GoCD', '<form><input type="password"></form>'),
    'cctray-to-login': redirectTo('/go/auth/login'),
    'cctray-redirect': elsewhere,
    'cctray-malformed': answer(200, XML, `${HEAD}<Projects>\n  <Project name="barn :: build"`),
    'cctray-empty': answer(200, XML, ''),
    'cctray-other-xml': answer(200, XML, `${HEAD}<feed><entry /></feed>`),
    'cctray-entity-bomb': answer(200, XML, entityBomb()),
    'cctray-external-entity': answer(
      200,
      XML,
      `<?xml version="1.0"?>\n<!DOCTYPE Projects [<!ENTITY file SYSTEM "file:///etc/passwd">]>\n<Projects><Project name="&file; :: build" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="1" lastBuildTime="2026-01-01T00:00:00Z" webUrl="" /></Projects>`,
    ),
    // cctray.org knows more activities and results than GoCD sends.
    'cctray-unknown-states': answer(
      200,
      XML,
      project(
        'activity="CheckingModifications" lastBuildStatus="Exception" lastBuildLabel="1" lastBuildTime="2026-01-01T00:00:00Z"',
      ),
    ),
    // Up to 18.2 the time was the server's own, without a zone (gocd/gocd#4656).
    'cctray-local-time': answer(
      200,
      XML,
      project(
        'activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="1" lastBuildTime="2018-01-31T10:00:00"',
      ),
    ),
    'cctray-slow': slow,
    'cctray-hanging': hanging,
    'cctray-dripping': dripping(XML, HEAD),
    'cctray-reset': reset,
    'cctray-huge': huge(XML, `${HEAD}<Projects>`, ' '.repeat(64 * 1024)),
  }),
);

/** A few lines that unfold to gigabytes. */
function entityBomb(): string {
  const entities = Array.from({ length: 11 }, (_, index) => {
    const of = index === 0 ? 'lol' : `&lol${index - 1};`.repeat(10);
    return `<!ENTITY lol${index} "${of}">`;
  });
  return `<?xml version="1.0"?>\n<!DOCTYPE Projects [${entities.join('')}]>\n<Projects><Project name="&lol10; :: build" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="1" lastBuildTime="2026-01-01T00:00:00Z" webUrl="" /></Projects>`;
}
