// GET /walkthrough shows the last sign-in at each provider as it went over the wire, or what would be
// sent. What it knows of each step is in `STEPS`.
import type { Request, RequestHandler } from 'express';
import type { Provider } from '../providers/provider.js';
import { connectionTo } from '../session/connections.js';
import { stepsOf } from '../walkthrough/dance.js';
import { recordingOf } from '../walkthrough/recordings.js';
import type { Recording } from '../walkthrough/recording.js';
import { rehearsedCall, rehearsedSignIn } from '../walkthrough/rehearsal.js';
import { exchangePart, redirectPart, shown, type ShownStep } from '../walkthrough/shown-step.js';
import { sourcePaths } from '../walkthrough/sources.js';
import { stepsAfter } from '../walkthrough/steps.js';
import type { Offer } from './home.js';

export function walkthrough(offers: readonly Offer[]): RequestHandler {
  return async (request, response) => {
    const dances = await Promise.all(
      offers.map(async ([facts, provider]) => ({
        facts,
        provider,
        ...(provider && (await dance(request, provider))),
      })),
    );
    response.render('walkthrough', {
      title: 'Walkthrough: the last sign-in, message by message',
      styles: ['walkthrough.css'],
      scripts: ['walkthrough.js'],
      dances,
      sourcePaths: await sourcePaths(),
      inWords,
      lowerFirst: (title: string) => title.charAt(0).toLowerCase() + title.slice(1),
      clock: (at: number) => new Date(at).toISOString().slice(11, 23),
    });
  };
}

async function dance(request: Request, provider: Provider) {
  const recording = await recordingOf(request, provider.id);
  const { signIn, firstCall } = recording;
  const kind = connectionTo(request, provider.id)?.kind;
  const isRehearsal = signIn === undefined;
  const steps = isRehearsal
    ? stepsOf({
        provider,
        signIn: rehearsedSignIn(provider),
        firstCall: rehearsedCall(provider),
        isRehearsal,
      })
    : stepsOf({ provider, signIn, firstCall });
  const failed = steps.find(({ failure }) => failure);
  return {
    isRehearsal,
    // The record has a time of its own to live, and memory holds so many.
    isForgotten: isRehearsal && kind === 'oauth',
    isByHand: isRehearsal && kind !== undefined && kind !== 'oauth',
    startedAt: signIn?.startedAt,
    tookMs: signIn && signIn.redirect.arrivedAt + signIn.redirect.tookMs - signIn.startedAt,
    atProviderMs: signIn && signIn.redirect.arrivedAt - signIn.startedAt,
    steps,
    failed,
    notReached: failed ? stepsAfter(failed.id, provider).map(({ title }) => title) : [],
    later: laterSteps(provider, recording),
  };
}

/** What came after the sign-in, or beside it: for each the newest, and what to say when there is none. */
function laterSteps(provider: Provider, { refreshes, failedPage, refused }: Recording) {
  const entry = (id: ShownStep['id'], part: Partial<ShownStep>) => shown(provider, id, part);
  return [
    {
      step: shown(provider, 'refresh', {}),
      none: 'None yet.',
      entries: refreshes.map(({ count, exchange }) => ({
        ...entry('refresh', exchangePart(exchange)),
        title: `Refresh ${count}`,
      })),
    },
    {
      step: shown(provider, 'failed-page', {
        ...(failedPage?.failure && { failure: failedPage.failure }),
      }),
      none: 'None.',
      entries:
        failedPage?.exchanges.map((exchange) => entry('failed-page', exchangePart(exchange))) ?? [],
    },
    {
      step: shown(provider, 'refused', { ...(refused?.failure && { failure: refused.failure }) }),
      none: 'None.',
      entries: refused ? [entry('refused', redirectPart(provider, refused))] : [],
    },
  ];
}

function inWords(ms: number): string {
  if (ms < 1) return 'under 1 ms';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}
