// `npm run sandbox`: the sandbox by itself, for testing any Rally or GoCD client against it.
import 'dotenv/config';
import { z } from 'zod';
import { introduction } from './introduction.js';
import { startSandbox } from './sandbox.js';

const number = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(least, { error }).max(most, { error }));
};

const Environment = z.object({
  PORT: number(1, 65535).default(4567),
  SERVER_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .optional(),
  SANDBOX_PORT: number(1, 65535).default(4568),
  SANDBOX_STORIES: number(0, 1_000_000).default(64),
  SANDBOX_PIPELINES: number(0, 100_000).default(12),
  SANDBOX_LATENCY_MS: number(0, 60_000).default(0),
  SANDBOX_TOKEN_TTL_S: number(1, 100_000_000).optional(),
  RALLY_SERVER: z.string().optional(),
  RALLY_CLIENT_ID: z.string().optional(),
  RALLY_CLIENT_SECRET: z.string().optional(),
  GOCD_SERVER: z.string().optional(),
  GOCD_CLIENT_ID: z.string().optional(),
  GOCD_CLIENT_SECRET: z.string().optional(),
});

const set = Object.entries(process.env).filter(([, value]) => value !== '');
const environment = Environment.safeParse(Object.fromEntries(set));
if (environment.success) {
  const { data } = environment;
  // Where the sample app listens, unless it is told otherwise.
  const app = (data.SERVER_URL ?? `http://localhost:${data.PORT}`).replace(/\/$/, '');
  try {
    const sandbox = await startSandbox(
      {
        port: data.SANDBOX_PORT,
        stories: data.SANDBOX_STORIES,
        pipelines: data.SANDBOX_PIPELINES,
        latencyMs: data.SANDBOX_LATENCY_MS,
        ...(data.SANDBOX_TOKEN_TTL_S && { tokenTtlSeconds: data.SANDBOX_TOKEN_TTL_S }),
        onError: console.error,
        credentials: keptCredentials(data),
      },
      { rally: `${app}/oauth-redirect`, gocd: `${app}/oauth-redirect/gocd` },
    );
    const [rally] = sandbox.world.rally.clients;
    const [gocd] = sandbox.world.gocd.clients;
    // Meant to be copied: they open nothing but the sandbox.
    console.log(`${introduction(sandbox)}

Settings for a client that is sent back to ${app}:
  RALLY_SERVER=${sandbox.url}
  RALLY_CLIENT_ID=${rally?.id ?? ''}
  RALLY_CLIENT_SECRET=${rally?.secret ?? ''}
  GOCD_SERVER=${sandbox.gocdUrl}
  GOCD_CLIENT_ID=${gocd?.id ?? ''}
  GOCD_CLIENT_SECRET=${gocd?.secret ?? ''}
Kept in .env, they stay the same at the next start.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
} else {
  for (const { path, message } of environment.error.issues) {
    console.error(`${String(path[0])} ${message}`);
  }
  process.exitCode = 1;
}

/**
 * The ids and secrets that an earlier start has printed, so that the settings of whoever has copied
 * them stay good. Those of another server are none of the sandbox's business: it would print them.
 */
function keptCredentials(data: z.output<typeof Environment>) {
  const url = `http://localhost:${data.SANDBOX_PORT}`;
  const kept = (isOurs: boolean, id?: string, secret?: string) =>
    isOurs && id !== undefined && secret !== undefined ? { id, secret } : undefined;
  const rally = kept(data.RALLY_SERVER === url, data.RALLY_CLIENT_ID, data.RALLY_CLIENT_SECRET);
  const gocd = kept(data.GOCD_SERVER === `${url}/go`, data.GOCD_CLIENT_ID, data.GOCD_CLIENT_SECRET);
  return { ...(rally && { rally }), ...(gocd && { gocd }) };
}
