import type { Reading } from './environment.js';

export interface RallySettings {
  readonly server: string;
  readonly client: ClientSettings;
  readonly scope: string;
}

export interface GoCDSettings {
  readonly server: string;
  /** Left out for a GoCD without OAuth: people then use their personal access tokens. */
  readonly client?: ClientSettings;
}

/** What a provider gave us when we registered this app with it (RFC 6749 §2). */
interface ClientSettings {
  readonly id: string;
  readonly secret: string;
}

export const RALLY_NAMES = [
  'RALLY_SERVER',
  'RALLY_SCOPE',
  'RALLY_CLIENT_ID',
  'RALLY_CLIENT_SECRET',
  'CLIENT_ID',
  'CLIENT_SECRET',
];

export const GOCD_NAMES = ['GOCD_SERVER', 'GOCD_CLIENT_ID', 'GOCD_CLIENT_SECRET'];

/** @returns undefined where Rally is not configured */
export function rallySettings(reading: Reading): RallySettings | undefined {
  const { environment, given } = reading;
  const RALLY_CLIENT_ID = environment.RALLY_CLIENT_ID ?? environment.CLIENT_ID;
  const RALLY_CLIENT_SECRET = environment.RALLY_CLIENT_SECRET ?? environment.CLIENT_SECRET;
  const { RALLY_SERVER, RALLY_SCOPE } = environment;
  const needed = { RALLY_CLIENT_ID, RALLY_CLIENT_SECRET };
  if (!isAnyGiven(given, RALLY_NAMES)) return undefined;
  requireAll('Rally', needed, reading);
  return {
    server: RALLY_SERVER ?? 'https://rally1.rallydev.com',
    scope: RALLY_SCOPE ?? 'alm',
    client: { id: RALLY_CLIENT_ID ?? '', secret: RALLY_CLIENT_SECRET ?? '' },
  };
}

/** @returns undefined where GoCD is not configured */
export function gocdSettings(reading: Reading): GoCDSettings | undefined {
  const { environment, given } = reading;
  const { GOCD_SERVER, GOCD_CLIENT_ID, GOCD_CLIENT_SECRET } = environment;
  const client = { GOCD_CLIENT_ID, GOCD_CLIENT_SECRET };
  const isClient = isAnyGiven(given, Object.keys(client));
  if (!isClient && !given.has('GOCD_SERVER')) return undefined;
  requireAll('GoCD', { GOCD_SERVER, ...(isClient && client) }, reading);
  return {
    server: GOCD_SERVER ?? '',
    ...(isClient && { client: { id: GOCD_CLIENT_ID ?? '', secret: GOCD_CLIENT_SECRET ?? '' } }),
  };
}

function requireAll(
  provider: string,
  needed: Record<string, string | undefined>,
  { given, problems }: Reading,
): void {
  for (const [name, value] of Object.entries(needed)) {
    if (value === undefined && !given.has(name)) {
      problems.push(`${name} is missing: ${provider} is half configured`);
    }
  }
}

function isAnyGiven(given: ReadonlySet<string>, names: readonly string[]): boolean {
  return names.some((name) => given.has(name));
}
