// Messages as texts: as they stood on the wire, and as commands that send them again.
import { STATUS_CODES } from 'node:http';
import type { Field, RecordedAnswer, RecordedExchange } from './recording.js';

type Request = Pick<RecordedExchange, 'method' | 'url' | 'headers' | 'form'>;

export function requestText({ method, url, headers, form }: Request): string {
  const { host, pathname, search } = new URL(url);
  const head = headText(`${method} ${pathname}${search} HTTP/1.1`, [
    { name: 'Host', value: host },
    ...headers,
  ]);
  return form ? `${head}\n\n${formText(form)}` : head;
}

/** What a client goes by; the others are told apart from these. */
const TELLING = new Set([
  'cache-control',
  'content-length',
  'content-type',
  'location',
  'retry-after',
  'set-cookie',
  'www-authenticate',
]);

/** The answer without the headers that mean nothing to us. */
export function answerText({ status, headers, body, isWhole }: RecordedAnswer): string {
  const telling = headers.filter(({ name }) => TELLING.has(name.toLowerCase()));
  const end = isWhole ? '' : '\n[the rest is not kept]';
  return `${statusText(status, telling)}\n\n${body}${end}`;
}

export function otherHeaders({ headers }: RecordedAnswer): readonly Field[] {
  return headers.filter(({ name }) => !TELLING.has(name.toLowerCase()));
}

export function statusText(status: number, headers: readonly Field[]): string {
  return headText(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`.trim(), headers);
}

export function headText(firstLine: string, headers: readonly Field[]): string {
  return [firstLine, headersText(headers)].filter((text) => text !== '').join('\n');
}

export function headersText(headers: readonly Field[]): string {
  return headers.map(({ name, value }) => `${name}: ${value}`).join('\n');
}

/** A query or a form; what is masked stays legible. */
export function formText(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => encoded(name, value)).join('&');
}

/** The address that begins a sign-in, for whoever fills in what is new each time. */
export function urlToCopy(endpoint: string, parameters: readonly Field[]): string {
  const query = parameters.map(({ name, value, template }) =>
    template === undefined ? encoded(name, value) : `${name}=${template}`,
  );
  return `${endpoint}?${query.join('&')}`;
}

/** The same request, for a shell that has the secrets in variables. */
export function curlToCopy({ url, headers, form = [] }: Request): string {
  const options = [
    ...headers
      .filter(({ template }) => template !== undefined)
      .map((header) => `-H ${quoted(header, ': ')}`),
    ...form.map((field) => `--data-urlencode ${quoted(field, '=')}`),
  ];
  return [`curl -sS ${inQuotes(url)}`, ...options].join(' \\\n  ');
}

function quoted({ name, value, template }: Field, separator: string): string {
  if (template === undefined) return inQuotes(name + separator + value);
  // Nothing but our own variable may be one to the shell.
  const [, before = '', variable = '', after = ''] = /^(.*?)(\$[A-Z_]+)(.*)$/.exec(template) ?? [];
  return `"${escaped(name + separator + before)}${variable}${escaped(after)}"`;
}

function escaped(text: string): string {
  return text.replace(/["\\$`]/g, '\\$&');
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function encoded(name: string, value: string): string {
  return new URLSearchParams([[name, value]]).toString().replaceAll('%E2%80%A6', '…');
}
