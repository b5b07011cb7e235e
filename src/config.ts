import { randomBytes } from 'node:crypto';
import {
  readEnvironment,
  type Environment,
  type LogLevel,
  type Reading,
} from './config/environment.js';
import {
  GOCD_NAMES,
  gocdSettings,
  RALLY_NAMES,
  rallySettings,
  type GoCDSettings,
  type RallySettings,
} from './config/providers.js';
import { serverUrl } from './config/server-url.js';
import { proxyFor, ProxySettingError, type Proxy } from './http/proxy.js';
import { isLoopback } from './loopback.js';
import type { ProviderId } from './providers/provider.js';

/**
 * The environment, read once, checked and frozen: config/ has the parts. Every variable is described in
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
  /** How many processes are asked for. Without Redis server.ts starts one. */
  readonly workers: number;
  readonly upstreamTimeoutMs: number;
  /** The proxy through which each provider is reached, by the provider's origin. */
  readonly proxies: Readonly<Record<string, Proxy>>;
  readonly rateLimitPerMinute: number;
  readonly logLevel: LogLevel;
  readonly rally?: RallySettings;
  readonly gocd?: GoCDSettings;
  /** Present when nothing is configured: the app then starts the sandbox and talks to it. */
  readonly sandbox?: SandboxSettings;
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

/** The environment does not add up. `problems` has one line per fault, each naming its variable. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Reads the configuration of the app.
 *
 * @param variables the environment, for example `process.env`; an empty value counts as unset
 * @returns the configuration, with all defaults filled in
 * @throws {ConfigError} naming every variable that is missing or wrong, never showing its value
 */
export function loadConfig(variables: Record<string, string | undefined>): Config {
  const reading = readEnvironment(variables);
  const config = assemble(reading, variables);
  const { problems } = reading;
  // SECURITY.md G2: production must not fall back to the sandbox.
  if (!config.rally && !config.gocd && config.isProduction) {
    problems.push(
      'RALLY_CLIENT_ID and RALLY_CLIENT_SECRET are missing: set both to offer Rally (production needs one provider)',
      'GOCD_SERVER, GOCD_CLIENT_ID and GOCD_CLIENT_SECRET are missing: set all three to offer GoCD (production needs one provider)',
    );
  }
  if (config.sandbox?.port === config.port) {
    problems.push('SANDBOX_PORT must not be the same as PORT');
  }
  return withoutProblems(config, reading);
}

/** What redirect URIs are built from, and how long a provider may take. */
const SIGN_IN_NAMES = [
  'PORT',
  'SERVER_URL',
  'HEROKU_APP_DEFAULT_DOMAIN_NAME',
  'UPSTREAM_TIMEOUT_MS',
];

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
  provider: ProviderId,
): Config {
  const names = [...SIGN_IN_NAMES, ...{ rally: RALLY_NAMES, gocd: GOCD_NAMES }[provider]];
  const reading = readEnvironment(
    Object.fromEntries(Object.entries(variables).filter(([name]) => names.includes(name))),
  );
  return withoutProblems(assemble(reading, variables), reading);
}

function withoutProblems(config: Config, { problems }: Reading): Config {
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

type Variables = Readonly<Record<string, string | undefined>>;

function assemble(reading: Reading, variables: Variables): Config {
  const { environment } = reading;
  const isProduction = environment.NODE_ENV === 'production';
  const rally = rallySettings(reading);
  const gocd = gocdSettings(reading);
  const url = serverUrl(reading);
  return {
    port: environment.PORT,
    serverUrl: url,
    isHttps: url.startsWith('https:'),
    isProduction,
    sessionSecrets: sessionSecrets(reading),
    sessionTtlHours: environment.SESSION_TTL_HOURS,
    workers: workers(reading),
    upstreamTimeoutMs: environment.UPSTREAM_TIMEOUT_MS,
    proxies: proxies([rally?.server, gocd?.server], variables, reading),
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
    ...(!rally && !gocd && !isProduction && { sandbox: sandboxSettings(environment) }),
  };
}

function proxies(
  servers: readonly (string | undefined)[],
  variables: Variables,
  { problems }: Reading,
): Config['proxies'] {
  const found: Record<string, Proxy> = {};
  try {
    for (const server of servers.filter((one) => one !== undefined && URL.canParse(one))) {
      const url = new URL(server ?? '');
      const proxy = isLoopback(url) ? undefined : proxyFor(url, variables);
      if (proxy) found[url.origin] = proxy;
    }
  } catch (error) {
    if (!(error instanceof ProxySettingError)) throw error;
    problems.push(error.message);
  }
  return found;
}

function sessionSecrets({ environment, problems }: Reading): string[] {
  const { SESSION_SECRET, REDIS_URL, NODE_ENV } = environment;
  const isProduction = NODE_ENV === 'production';
  if (!SESSION_SECRET) {
    // One that each process makes up for itself would open none of the sessions of the others.
    if (isProduction || REDIS_URL) {
      problems.push('SESSION_SECRET is missing: make one with: openssl rand -hex 32');
    }
    return [randomBytes(32).toString('hex')];
  }
  const secrets = SESSION_SECRET.split(',').map((secret) => secret.trim());
  if (secrets.some((secret) => secret === '')) {
    problems.push('SESSION_SECRET must be one secret, or several separated by commas');
  } else if (isProduction && secrets.some((secret) => secret.length < 32)) {
    // SECURITY.md G1: a short secret can be guessed, and then cookies can be forged.
    problems.push('SESSION_SECRET must have 32 characters or more (each one of a list)');
  }
  return secrets;
}

function workers({ environment, given, problems }: Reading): number {
  const { WEB_CONCURRENCY, DYNO } = environment;
  // Heroku's buildpack sets it from the memory of the dyno, and nobody need have asked for that.
  if (WEB_CONCURRENCY > 1 && !given.has('REDIS_URL') && !DYNO) {
    problems.push(
      'WEB_CONCURRENCY must be 1 without REDIS_URL: sessions in memory belong to one process',
    );
  }
  return WEB_CONCURRENCY;
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
