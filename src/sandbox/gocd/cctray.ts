// GET /go/cctray.xml in the exact shape of GoCD's CcTrayService: one entry per stage and one per
// job, two spaces, no newline at the end. It takes an OAuth token, as GoCD's documentation of OAuth
// says; the open-source servers answered 403 (see README.md).
import { createHash } from 'node:crypto';
import { Router, type Request } from 'express';
import type { World } from '../world.js';
import type { SandboxPipeline, SandboxStage } from './pipelines.js';

export function cctray({ gocd, failures }: World, origin: string): Router {
  const router = Router();
  const failure = failures.at('cctray', 'gocd', (request) => {
    return gocd.grants.find(tokenIn(request) ?? '')?.client.id;
  });
  router.get('/go/cctray.xml', failure, (request, response) => {
    const token = tokenIn(request);
    if (token === undefined) {
      response.status(401).set('WWW-Authenticate', 'Basic realm="GoCD"');
      response.type('xml').send(denied('You are not authenticated!'));
      return;
    }
    const person = gocd.grants.find(token)?.person;
    if (!person) {
      const message = token ? 'Invalid OAuth token provided!' : 'OAuth token cannot be blank!';
      response.status(401).type('xml').send(denied(message));
      return;
    }
    // Without rights the list is empty; it is not an error.
    const visible = gocd.pipelines.filter(({ name }) => person.mayView(name));
    response.set('Content-Type', 'application/xml;charset=utf-8');
    // Of all pipelines, whoever asks: who caches by ETag alone shows people what they may not view.
    const everything = document(gocd.pipelines, `${origin}/go`);
    response.set('ETag', `"${createHash('sha256').update(everything).digest('hex')}"`);
    // Not send(), which would answer If-None-Match with 304. GoCD never does.
    response.end(document(visible, `${origin}/go`));
  });
  return router;
}

/** The whole header, the quotes included (OauthAuthenticationFilter.java): any other is nobody's. */
function tokenIn(request: Request): string | undefined {
  return /^Token token="(.*?)"$/.exec(request.get('Authorization') ?? '')?.[1];
}

function denied(message: string): string {
  return `<access-denied>\n  <message>${escapeXml(message)}</message>\n</access-denied>\n`;
}

function document(pipelines: readonly SandboxPipeline[], base: string): string {
  const entries = pipelines.flatMap((pipeline) =>
    pipeline.stages.flatMap((stage) => stageEntries(pipeline, stage, base)),
  );
  const lines = ['<?xml version="1.0" encoding="utf-8"?>', '<Projects>', ...entries, '</Projects>'];
  return lines.join('\n');
}

function stageEntries(
  { name, counter }: SandboxPipeline,
  stage: SandboxStage,
  base: string,
): string[] {
  const run = `${name}/${counter}/${stage.name}/${stage.counter}`;
  return [
    entry(`${name} :: ${stage.name}`, counter, stage, stage.hasFailed, `${base}/pipelines/${run}`),
    ...stage.jobs.map((job) =>
      entry(
        `${name} :: ${stage.name} :: ${job.name}`,
        counter,
        stage,
        job.hasFailed,
        `${base}/tab/build/detail/${run}/${job.name}`,
      ),
    ),
  ];
}

function entry(
  name: string,
  counter: number,
  stage: SandboxStage,
  hasFailed: boolean,
  webUrl: string,
): string {
  const attributes = {
    name,
    activity: stage.activity,
    lastBuildStatus: hasFailed ? 'Failure' : 'Success',
    lastBuildLabel: stage.counter > 1 ? `${counter} :: ${stage.counter}` : String(counter),
    lastBuildTime: new Date(stage.builtAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    webUrl,
  };
  const text = Object.entries(attributes).map(([key, value]) => `${key}="${escapeXml(value)}"`);
  const opening = `  <Project ${text.join(' ')}`;
  if (!hasFailed || stage.breakers.length === 0) return `${opening} />`;
  const breakers = escapeXml(stage.breakers.join(', '));
  return `${opening}><messages><message text="${breakers}" kind="Breakers" /></messages></Project>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
