// /go/pipelines: where somebody lands who logs in, and the pages to which cctray.xml links.
import { Router } from 'express';
import type { Gocd } from './gocd.js';
import type { Pages } from './pages.js';
import { endOf, findStageRun, hasFailed, labelOf, pathOf, stagesAt } from './runs.js';

/** A server may have thousands of pipelines. */
const MOST = 100;

export function dashboard({ pipelines, clock }: Gocd, { login, show }: Pages): Router {
  const router = Router();
  const stateOf = (...[run, job]: Parameters<typeof endOf>) => {
    if (endOf(run, job) > clock.now()) return 'Building';
    return hasFailed(run, job) ? 'Failed' : 'Passed';
  };

  router.get('/go', (_request, response) => {
    response.redirect(302, '/go/pipelines');
  });

  router.get('/go/pipelines', login.required, (request, response) => {
    const { mayView } = login.personOf(response);
    const search = typeof request.query['search'] === 'string' ? request.query['search'] : '';
    const found = pipelines.filter(({ name }) => mayView(name) && name.includes(search));
    const shown = found.slice(0, MOST).map((pipeline) => ({
      name: pipeline.name,
      stages: stagesAt(pipeline, clock.now()).map(({ stage, newest }) => ({
        name: stage.name,
        label: labelOf(newest),
        path: pathOf(newest),
        state: stateOf(newest),
      })),
    }));
    const more = found.length - shown.length;
    show(request, response, 'gocd-pipelines', {
      title: 'Pipelines',
      pipelines: shown,
      more,
      search,
    });
  });

  router.get(
    [
      '/go/pipelines/:pipeline/:counter/:stage/:stageCounter',
      '/go/tab/build/detail/:pipeline/:counter/:stage/:stageCounter/:job',
    ],
    login.required,
    (request, response, next) => {
      const { pipeline: name, counter, stage, stageCounter, job } = request.params;
      const pipeline = pipelines.find((each) => each.name === name);
      const run =
        pipeline &&
        findStageRun(pipeline, Number(counter), String(stage), Number(stageCounter), clock.now());
      const jobs = run?.stage.jobs.filter((each) => job === undefined || each === job) ?? [];
      // One that may not be viewed is as good as none.
      if (!run || jobs.length === 0 || !login.personOf(response).mayView(run.pipeline.name)) {
        next();
        return;
      }
      show(request, response, 'gocd-run', {
        title: [run.pipeline.name, run.stage.name, ...(job ? [String(job)] : [])].join(' › '),
        run,
        label: labelOf(run),
        path: pathOf(run),
        job,
        state: stateOf(run),
        jobs: jobs.map((each) => ({ name: each, state: stateOf(run, each) })),
      });
    },
  );

  return router;
}
