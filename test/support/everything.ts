// Everything that one side has said to the other, for tests of what must not be among it.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Each way in which a text may be written. */
export function formsOf(text: string): readonly string[] {
  const escapedForHtml = text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return [
    text,
    encodeURIComponent(text),
    new URLSearchParams({ '': text }).toString().slice(1),
    text.replace(/[^a-z0-9]/gi, (character) => `%${character.charCodeAt(0).toString(16)}`),
    escapedForHtml,
    JSON.stringify(text).slice(1, -1),
    text.replaceAll('/', '\\/'),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    text.toUpperCase(),
    text.toLowerCase(),
  ];
}

/** The ways in which an honest provider may repeat a text: these are masked where it is received. */
export function repetitionsOf(text: string): readonly string[] {
  return [text, encodeURIComponent(text), new URLSearchParams({ '': text }).toString().slice(1)];
}

/** The secrets that are found in a text in any form, to show in a failed test. No secret has two lines. */
export function secretsIn(text: string, secrets: Iterable<string>): string[] {
  // Of a hundred pages most lines are the same, and most forms of a secret are.
  const lines = [...new Set(text.split('\n'))].join('\n');
  return [...secrets].filter((secret) =>
    [...new Set(formsOf(secret))].some((form) => lines.includes(form)),
  );
}

const SECRET_FIELDS = [
  ...['client_secret', 'code', 'code_verifier', 'access_token', 'refresh_token'],
];

/**
 * Listens to a provider's server, in front of it.
 *
 * @returns every secret that comes and goes, as it stands on the wire
 */
export function listenForSecrets(server: Server): ReadonlySet<string> {
  const secrets = new Set<string>();
  const note = (value: unknown) => {
    if (typeof value === 'string' && value.length >= 8) secrets.add(value);
  };
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    note(request.headers['zsessionid']);
    note(/^(?:Bearer |Token token=")([^"]+)/.exec(request.headers.authorization ?? '')?.[1]);
    let form = '';
    let body = '';
    onEach(request, 'emit', ([event, chunk]) => {
      if (event === 'data') form += String(chunk);
      if (event === 'end')
        for (const name of SECRET_FIELDS) note(new URLSearchParams(form).get(name));
    });
    const read = ([chunk]: unknown[]) => {
      if (body.length < 10_000 && (typeof chunk === 'string' || Buffer.isBuffer(chunk))) {
        body += chunk.toString();
      }
    };
    onEach(response, 'write', read);
    onEach(response, 'end', (given) => {
      read(given);
      const { location } = response.getHeaders();
      if (typeof location === 'string' && URL.canParse(location)) {
        note(new URL(location).searchParams.get('code'));
      }
      for (const name of SECRET_FIELDS) note(new RegExp(`"${name}":"([^"]+)"`).exec(body)?.[1]);
    });
  });
  return secrets;
}

/** Calls `before` with the parameters of each call of a method. */
function onEach<Name extends string>(
  object: Record<Name, (...parameters: never[]) => unknown>,
  name: Name,
  before: (parameters: unknown[]) => void,
): void {
  const method = object[name].bind(object) as (...parameters: unknown[]) => unknown;
  object[name] = (...parameters: unknown[]) => {
    before(parameters);
    return method(...parameters);
  };
}
