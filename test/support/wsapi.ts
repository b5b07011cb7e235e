import supertest from 'supertest';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { Answer } from './sandbox.js';

// A program that calls Rally's WSAPI with an API key: no client of ours takes part.

export const WSAPI = '/slm/webservice/v2.0';

export type Row = Readonly<Record<string, unknown>>;

export interface QueryResult {
  readonly Errors: readonly string[];
  readonly Warnings: readonly string[];
  readonly TotalResultCount: number;
  readonly StartIndex: number;
  readonly PageSize: number;
  readonly Results: readonly Row[];
}

/** What is sent, and what came back. Paths are below `/slm/webservice/v2.0`. */
export class WsapiCaller {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly key: string,
  ) {}

  async get(
    path: string,
    parameters: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return supertest(this.sandbox.url)
      .get(WSAPI + path)
      .query(parameters)
      .set({ ...headers, zsessionid: this.key });
  }

  async query(path: string, parameters: Record<string, string> = {}): Promise<QueryResult> {
    const { body } = await this.get(path, parameters);
    return (body as { QueryResult: QueryResult }).QueryResult;
  }

  /** The object that stands in an envelope of its type. */
  async object(path: string, parameters: Record<string, string> = {}): Promise<Row> {
    const { body } = await this.get(path, parameters);
    return Object.values(body as Record<string, Row>)[0] ?? {};
  }

  async send(
    method: 'post' | 'put' | 'delete',
    path: string,
    body: object | string = {},
  ): Promise<Answer> {
    const client = supertest(this.sandbox.url);
    return client[method](WSAPI + path)
      .set({ zsessionid: this.key, 'Content-Type': 'application/json' })
      .send(body);
  }
}

/** @param userName a person of Rally's; by default the one with stories */
export function wsapiCaller(
  sandbox: Sandbox,
  userName = 'ada@example.test',
  isReadOnly = false,
): WsapiCaller {
  const { people, apiKeys } = sandbox.world.rally;
  const person = people.find((each) => each.userName === userName);
  if (!person) throw new Error(`nobody is ${userName}`);
  return new WsapiCaller(sandbox, apiKeys.create(person, 'test', isReadOnly).secretKey);
}

export function names({ Results }: QueryResult): unknown[] {
  return Results.map((row) => row['_refObjectName']);
}
