import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { isLoopback } from './loopback.js';

/**
 * The environment, read in this one file and frozen. Every variable is described in
 * `.env.example` and in the README.
 */
export interface Config {
  readonly port: number;
  /** The public base URL, without a trailing slash. Redirect URIs are built from it alone. */
  readonly serverUrl: string;
  readonly isHttps: boolean;
  readonly isProduction: boolean;
  /** The first signs new cookies; the others are still accepted, so that secrets can be rotated. */
  readonly sessionSecrets: readonly string[];
  readonly sessionTtlHours: number;
  /** Where sessions are shared by all processes; in the memory of this one where it is left out. */
  readonly redis?: RedisSettings;
  readonly upstreamTimeoutMs: number;
  readonly rateLimitPerMinute: number;
  readonly logLevel: LogLevel;
  readonly rally?: RallySettings;
  readonly gocd?: GoCDSettings;
  /** Present when nothing is configured: the app then starts the sandbox and talks to it. */
  readonly sandbox?: SandboxSettings;
}

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

export interface RedisSettings {
  readonly url: string;
  /** Of a `rediss:` server. Heroku's certificates are self-signed. */
  readonly verifiesCertificate: boolean;
}

export interface SandboxSettings {
  readonly port: number;
  readonly stories: number;
  readonly pipelines: number;
  readonly latencyMs: number;
  readonly tokenTtlSeconds?: number;
}

type LogLevel = z.infer<typeof logLevel>;

/** The environment does not add up. `problems` has one line per fault, each naming its variable. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const text = z.string().optional();
const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
  error: 'must be one of fatal, error, warn, info, debug, trace, silent',
});

const wholeNumber = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(least, { error }).max(most, { error }));
};

const url = z
  .url({
    protocol: /^https?$/,
    error: 'must be a URL that begins with https:// (or http:// on this machine)',
    abort: true,
  })
  .refine((value) => !/[?#@]/.test(value), { error: 'must be a URL without ?, # or a password' })
  .transform((value) => new URL(value).href.replace(/\/+$/, ''));

const secureUrl = url.refine(isSecureOrLoopback, {
  error: 'must begin with https://; plain http is for this machine alone (localhost)',
});

const Environment = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'], {
      error: 'must be production, development or test',
    })
    .optional(),
  DYNO: text,
  HEROKU_APP_DEFAULT_DOMAIN_NAME: z
    .string()
    .regex(/^[a-z0-9.-]+$/i, { error: 'must be a host name' })
    .optional(),
  PORT: wholeNumber(1, 65535).default(4567),
  SERVER_URL: url
    .refine((value) => new URL(value).pathname === '/', { error: 'must not have a path' })
    .optional(),
  SESSION_SECRET: text,
  SESSION_TTL_HOURS: wholeNumber(1, 7 * 24).default(8),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a URL that begins with redis:// or rediss://' })
    .optional(),
  REDIS_TLS_VERIFY: z.enum(['true', 'false'], { error: 'must be true or false' }).default('true'),
  RALLY_SERVER: secureUrl.optional(),
  RALLY_CLIENT_ID: text,
  RALLY_CLIENT_SECRET: text,
  CLIENT_ID: text,
  CLIENT_SECRET: text,
  RALLY_SCOPE: text,
  GOCD_SERVER: secureUrl.optional(),
  GOCD_CLIENT_ID: text,
  GOCD_CLIENT_SECRET: text,
  UPSTREAM_TIMEOUT_MS: wholeNumber(1, 25_000).default(10_000),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 1_000_000).default(300),
  LOG_LEVEL: logLevel.default('info'),
  SANDBOX_PORT: wholeNumber(1, 65535).default(4568),
  SANDBOX_STORIES: wholeNumber(0, 1_000_000).default(64),
  SANDBOX_PIPELINES: wholeNumber(0, 100_000).default(12),
  SANDBOX_LATENCY_MS: wholeNumber(0, 60_000).default(0),
  SANDBOX_TOKEN_TTL_S: wholeNumber(1, 100_000_000).optional(),
});

type Environment = z.infer<typeof Environment>;

/** The names of all variables that are read. */
export const VARIABLES: readonly string[] = Object.keys(Environment.shape);

/**
 * Reads the configuration.
 *
 * @param variables the environment, for example `process.env`; an empty value counts as unset
 * @returns the configuration, with all defaults filled in
 * @throws {ConfigError} naming every variable that is missing or wrong, never showing its value
 */
export function loadConfig(variables: Record<string, string | undefined>): Config {
  const set = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '');
  const { error } = Environment.safeParse(Object.fromEntries(set));
  const wrong = new Map(error?.issues.map(({ path, message }) => [String(path[0]), message]));
  const problems = [...wrong].map(([name, message]) => `${name} ${message}`);
  // What spans several variables is checked even when one of them is wrong by itself, so that one
  // start reports everything.
  const right = set.filter(([name]) => !wrong.has(name));
  const given = new Set(set.map(([name]) => name));
  const config = readTogether(Environment.parse(Object.fromEntries(right)), given, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/**
 * Reads what a sign-in at one provider needs, for a command that does nothing else: it must not ask
 * for what the web app alone has to have, nor stumble over the other provider's settings.
 *
 * @param variables the environment; all but the few that matter here is ignored
 * @param provider whose settings are read; they may be absent, as in {@link loadConfig}
 * @throws {ConfigError} naming every variable that is missing or wrong, never showing its value
 */
export function loadProviderConfig(
  variables: Record<string, string | undefined>,
  provider: 'rally' | 'gocd',
): Config {
  const names = [...SIGN_IN_NAMES, ...{ rally: RALLY_NAMES, gocd: GOCD_NAMES }[provider]];
  return loadConfig(
    Object.fromEntries(Object.entries(variables).filter(([name]) => names.includes(name))),
  );
}

function readTogether(
  environment: Environment,
  given: ReadonlySet<string>,
  problems: string[],
): Config {
  const isProduction = environment.NODE_ENV === 'production';
  const rally = rallySettings(environment, given, problems);
  const gocd = gocdSettings(environment, given, problems);
  const url = serverUrl(environment, isProduction, given, problems);
  const isNothingConfigured = !rally && !gocd;
  if (isNothingConfigured && !isProduction && environment.PORT === environment.SANDBOX_PORT) {
    problems.push('SANDBOX_PORT must not be the same as PORT');
  }
  if (isNothingConfigured && isProduction) {
    problems.push(
      'RALLY_CLIENT_ID and RALLY_CLIENT_SECRET are missing: set both to offer Rally (production needs one provider)',
      'GOCD_SERVER, GOCD_CLIENT_ID and GOCD_CLIENT_SECRET are missing: set all three to offer GoCD (production needs one provider)',
    );
  }
  return {
    port: environment.PORT,
    serverUrl: url,
    isHttps: url.startsWith('https:'),
    isProduction,
    sessionSecrets: sessionSecrets(environment, isProduction, problems),
    sessionTtlHours: environment.SESSION_TTL_HOURS,
    upstreamTimeoutMs: environment.UPSTREAM_TIMEOUT_MS,
    rateLimitPerMinute: environment.RATE_LIMIT_PER_MINUTE,
    logLevel: environment.LOG_LEVEL,
    ...(environment.REDIS_URL && {
      redis: {
        url: environment.REDIS_URL,
        verifiesCertificate: environment.REDIS_TLS_VERIFY === 'true',
      },
    }),
    ...(rally && { rally }),
    ...(gocd && { gocd }),
    ...(isNothingConfigured && !isProduction && { sandbox: sandboxSettings(environment) }),
  };
}

function serverUrl(
  environment: Environment,
  isProduction: boolean,
  given: ReadonlySet<string>,
  problems: string[],
): string {
  const { SERVER_URL, HEROKU_APP_DEFAULT_DOMAIN_NAME, DYNO, PORT } = environment;
  if (SERVER_URL) {
    if (isProduction && !isSecureOrLoopback(SERVER_URL)) {
      problems.push('SERVER_URL must begin with https:// in production');
    }
    return SERVER_URL;
  }
  if (HEROKU_APP_DEFAULT_DOMAIN_NAME) return `https://${HEROKU_APP_DEFAULT_DOMAIN_NAME}`;
  if (DYNO && isProduction && !given.has('SERVER_URL')) {
    problems.push(
      'SERVER_URL is missing. Set it with: heroku config:set SERVER_URL=https://<your app>.herokuapp.com' +
        ' (or let Heroku tell: heroku labs:enable runtime-dyno-metadata)',
    );
  }
  return `http://localhost:${PORT}`;
}

function sessionSecrets(
  { SESSION_SECRET }: Environment,
  isProduction: boolean,
  problems: string[],
): string[] {
  if (!SESSION_SECRET) {
    if (isProduction) {
      problems.push('SESSION_SECRET is missing: make one with: openssl rand -hex 32');
    }
    return [randomBytes(32).toString('hex')];
  }
  const secrets = SESSION_SECRET.split(',').map((secret) => secret.trim());
  if (secrets.some((secret) => secret === '')) {
    problems.push('SESSION_SECRET must be one secret, or several separated by commas');
  } else if (isProduction && secrets.some((secret) => secret.length < 32)) {
    problems.push('SESSION_SECRET must have 32 characters or more (each one of a list)');
  }
  return secrets;
}

/** What redirect URIs are built from, and how long a provider may take. */
const SIGN_IN_NAMES = [
  'PORT',
  'SERVER_URL',
  'HEROKU_APP_DEFAULT_DOMAIN_NAME',
  'UPSTREAM_TIMEOUT_MS',
];

const RALLY_NAMES = [
  'RALLY_SERVER',
  'RALLY_SCOPE',
  'RALLY_CLIENT_ID',
  'RALLY_CLIENT_SECRET',
  'CLIENT_ID',
  'CLIENT_SECRET',
];

const GOCD_NAMES = ['GOCD_SERVER', 'GOCD_CLIENT_ID', 'GOCD_CLIENT_SECRET'];

function rallySettings(
  environment: Environment,
  given: ReadonlySet<string>,
  problems: string[],
): RallySettings | undefined {
  const RALLY_CLIENT_ID = environment.RALLY_CLIENT_ID ?? environment.CLIENT_ID;
  const RALLY_CLIENT_SECRET = environment.RALLY_CLIENT_SECRET ?? environment.CLIENT_SECRET;
  const { RALLY_SERVER, RALLY_SCOPE } = environment;
  const needed = { RALLY_CLIENT_ID, RALLY_CLIENT_SECRET };
  if (!isAnyGiven(given, RALLY_NAMES)) return undefined;
  requireAll('Rally', needed, given, problems);
  return {
    server: RALLY_SERVER ?? 'https://rally1.rallydev.com',
    scope: RALLY_SCOPE ?? 'alm',
    client: { id: RALLY_CLIENT_ID ?? '', secret: RALLY_CLIENT_SECRET ?? '' },
  };
}

function gocdSettings(
  { GOCD_SERVER, GOCD_CLIENT_ID, GOCD_CLIENT_SECRET }: Environment,
  given: ReadonlySet<string>,
  problems: string[],
): GoCDSettings | undefined {
  const client = { GOCD_CLIENT_ID, GOCD_CLIENT_SECRET };
  const isClient = isAnyGiven(given, Object.keys(client));
  if (!isClient && !given.has('GOCD_SERVER')) return undefined;
  requireAll('GoCD', { GOCD_SERVER, ...(isClient && client) }, given, problems);
  return {
    server: GOCD_SERVER ?? '',
    ...(isClient && { client: { id: GOCD_CLIENT_ID ?? '', secret: GOCD_CLIENT_SECRET ?? '' } }),
  };
}

function requireAll(
  provider: string,
  needed: Record<string, string | undefined>,
  given: ReadonlySet<string>,
  problems: string[],
): void {
  for (const [name, value] of Object.entries(needed)) {
    if (value === undefined && !given.has(name)) {
      problems.push(`${name} is missing: ${provider} is half configured`);
    }
  }
}

function sandboxSettings(environment: Environment): SandboxSettings {
  return {
    port: environment.SANDBOX_PORT,
    stories: environment.SANDBOX_STORIES,
    pipelines: environment.SANDBOX_PIPELINES,
    latencyMs: environment.SANDBOX_LATENCY_MS,
    ...(environment.SANDBOX_TOKEN_TTL_S && { tokenTtlSeconds: environment.SANDBOX_TOKEN_TTL_S }),
  };
}

function isAnyGiven(given: ReadonlySet<string>, names: readonly string[]): boolean {
  return names.some((name) => given.has(name));
}

function isSecureOrLoopback(value: string): boolean {
  const url = new URL(value);
  return url.protocol === 'https:' || isLoopback(url);
}
