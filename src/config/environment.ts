import { z } from 'zod';
import { isSecureOrLoopback } from './server-url.js';

// Each variable by itself. What spans several of them is checked by whoever reads those.

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
  WEB_CONCURRENCY: wholeNumber(1, 200).default(1),
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

export type Environment = z.infer<typeof Environment>;

export type LogLevel = Environment['LOG_LEVEL'];

/** The names of all variables that are read. */
export const VARIABLES: readonly string[] = Object.keys(Environment.shape);

/** The variables on the way to a configuration. */
export interface Reading {
  /** Those whose values are right by themselves. */
  readonly environment: Environment;
  /** All that were set, rightly or not: one that is wrong is not missing, too. */
  readonly given: ReadonlySet<string>;
  /** One line per fault; whoever finds another adds it. */
  readonly problems: string[];
}

/**
 * Reads each variable by itself.
 *
 * @param variables the environment; an empty value counts as unset
 */
export function readEnvironment(variables: Record<string, string | undefined>): Reading {
  const set = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '');
  const { error } = Environment.safeParse(Object.fromEntries(set));
  const wrong = new Map(error?.issues.map(({ path, message }) => [String(path[0]), message]));
  // What spans several variables is checked even when one of them is wrong by itself, so that one
  // start reports everything.
  const right = set.filter(([name]) => !wrong.has(name));
  return {
    environment: Environment.parse(Object.fromEntries(right)),
    given: new Set(set.map(([name]) => name)),
    problems: [...wrong].map(([name, message]) => `${name} ${message}`),
  };
}
