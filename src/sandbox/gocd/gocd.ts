import type { ClientCredentials, SandboxClient } from '../clients.js';
import type { Clock } from '../clock.js';
import { hex } from '../random.js';
import { AccessTokens } from './access-tokens.js';
import { Grants } from './grants.js';
import { createPeople, type GocdPerson } from './people.js';
import { createPipelines, type SandboxPipeline } from './pipelines.js';

/** A GoCD server: its people, its pipelines, and whom they let act for them. */
export interface Gocd {
  readonly clock: Clock;
  readonly startedAt: number;
  readonly people: readonly GocdPerson[];
  readonly clients: SandboxClient[];
  readonly grants: Grants;
  readonly accessTokens: AccessTokens;
  readonly pipelines: readonly SandboxPipeline[];
}

export interface GocdOptions {
  readonly pipelines: number;
  readonly tokenSeconds: number | undefined;
  /** Of the client that is registered from the start. */
  readonly redirectUri: string;
  readonly credentials: ClientCredentials | undefined;
}

export function createGocd(clock: Clock, options: GocdOptions): Gocd {
  const startedAt = clock.now();
  return {
    clock,
    startedAt,
    people: createPeople(),
    clients: [{ ...newClient('OAuth sample app', options.redirectUri), ...options.credentials }],
    grants: new Grants(clock, options.tokenSeconds),
    accessTokens: new AccessTokens(clock),
    pipelines: createPipelines(options.pipelines, startedAt),
  };
}

/** The shape of GoCD's ids and secrets: 64 hex digits each. */
export function newClient(name: string, redirectUri: string): SandboxClient {
  return { id: hex(32), secret: hex(32), name, redirectUri };
}
