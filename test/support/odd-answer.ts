import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { anyHeader, anyText, ECHO } from './any.js';
import type { StubProvider } from './stub-provider.js';

// Answers that no provider should give, made up at random, which repeat the secrets that came with
// the request.

export interface OddAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly form: Form;
}

type Form = 'whole' | (typeof BROKEN)[number];

const BROKEN = ['packed', 'said to be packed', 'cut', 'not HTTP'] as const;

const headerText = fc
  .tuple(anyHeader, fc.constantFrom('', ECHO), anyHeader)
  .map((all) => all.join(''));

/** @param bodies what the answers say when they are not just any text */
export function oddAnswers(bodies: fc.Arbitrary<string>): fc.Arbitrary<OddAnswer> {
  return fc.record({
    status: fc.oneof(
      { weight: 6, arbitrary: fc.constant(200) },
      { weight: 1, arbitrary: fc.constantFrom(204, 206, 304, 400, 401, 403, 404, 429, 500, 503) },
      { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
    ),
    headers: fc.record(
      {
        'Content-Type': fc.oneof(
          fc.constantFrom('application/json', 'application/xml', 'text/html; charset=utf-16'),
          headerText,
        ),
        'Retry-After': fc.oneof(
          fc.constantFrom('9', '-1', 'Wed, 21 Oct 2026 07:28:00 GMT'),
          headerText,
          headerText.map((text) => `${text} 1`),
        ),
        'WWW-Authenticate': headerText,
        Location: headerText,
        'Set-Cookie': headerText,
      },
      { requiredKeys: [] },
    ),
    body: fc.oneof({ weight: 6, arbitrary: bodies }, { weight: 1, arbitrary: anyText }),
    form: fc.oneof(
      { weight: 5, arbitrary: fc.constant<Form>('whole') },
      { weight: 1, arbitrary: fc.constantFrom<Form>(...BROKEN) },
    ),
  });
}

/**
 * Lets the stub answer so at a path.
 *
 * @param escaped how its bodies write a text
 */
export function answerOddly(
  stub: StubProvider,
  path: string,
  answer: OddAnswer,
  escaped = (text: string) => text,
): void {
  stub.answers.set(path, (request, response) => {
    const secrets = secretsSentTo(stub).join(' ');
    const headers = Object.entries(answer.headers).map(([name, text]) => [
      name,
      text.replaceAll(ECHO, () => secrets),
    ]);
    const body = Buffer.from(answer.body.replaceAll(ECHO, () => escaped(secrets)));
    const { form } = answer;
    if (form === 'not HTTP') {
      request.socket.end(body);
      return;
    }
    response.writeHead(answer.status, {
      ...(Object.fromEntries(headers) as Record<string, string>),
      ...(form.endsWith('packed') && { 'Content-Encoding': 'gzip' }),
      ...(form === 'cut' && { 'Content-Length': body.length + 1 }),
    });
    if (form === 'cut') response.write(body, () => response.destroy());
    else response.end(form === 'packed' ? gzipSync(body) : body);
  });
}

/** The tokens, codes and keys in all that the stub has received. */
export function secretsSentTo({ received }: StubProvider): string[] {
  const secrets = received.flatMap(({ headers, body }) => {
    const form = new URLSearchParams(body);
    const { zsessionid, authorization } = headers;
    return [
      ...['code', 'client_secret', 'code_verifier', 'refresh_token'].map((name) => form.get(name)),
      typeof zsessionid === 'string' ? zsessionid : undefined,
      /^(?:Token token="|Bearer )([^"]+)/.exec(authorization ?? '')?.[1],
    ];
  });
  return [...new Set(secrets.filter((secret) => secret !== undefined && secret !== null))];
}
