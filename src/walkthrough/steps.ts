// What there is to know about each step: who speaks to whom, why, by which rule, and by which functions of ours.
import { GOCD } from '../providers/gocd.js';
import type { Provider, ProviderFacts, ProviderId } from '../providers/provider.js';
import { RALLY } from '../providers/rally.js';
import type { StepId } from './recording.js';

export type Actor = 'browser' | 'app' | 'provider';

export interface Step {
  readonly id: StepId;
  readonly title: string;
  /** Each message of the step: from whom to whom. */
  readonly hops: readonly (readonly [Actor, Actor])[];
  readonly why: string;
  /** What must come for the dance to go on. */
  readonly expected?: string;
  readonly rfc: Rule;
  /** The functions to read, each declared by one file of src/. */
  readonly sources: readonly string[];
}

interface Rule {
  readonly text: string;
  readonly url: string;
}

/** What a provider's page and its API are made of. */
const PROVIDER_SOURCES: Readonly<Record<ProviderId, readonly string[]>> = {
  rally: ['showWork', 'createRally', 'fetchArtifacts', 'fetchRows'],
  gocd: ['showPipelines', 'createGoCD', 'fetchPipelines', 'createParser'],
};

const REDIRECT_SOURCES = ['oauthRedirect', 'readAuthorizationResponse'];
const FAILURE_SOURCES = ['withConnection', 'upstreamPage', 'apiPage'];

type StepOf = (provider: ProviderFacts) => Omit<Step, 'id'>;

const STEPS: Readonly<Record<StepId, StepOf>> = {
  'authorization-request': ({ name }) => ({
    title: 'Authorization request',
    hops: [
      ['app', 'browser'],
      ['browser', 'provider'],
    ],
    why: `“May this app act for you?” The browser carries the question, by a redirect to ${name}, so it holds nothing secret: whoever reads it can do nothing with it.`,
    rfc: rfc6749('4.1.1'),
    sources: ['login', 'authorizationRequestUrl'],
  }),
  decision: ({ name }) => ({
    title: 'Your decision',
    hops: [
      ['browser', 'provider'],
      ['provider', 'browser'],
    ],
    why: `You sign in at ${name} and decide there. Nothing of it passes this app, which never sees your password and knows only how long it took.`,
    rfc: rfc6749('4.1'),
    sources: [],
  }),
  'authorization-response': ({ name }) => ({
    title: 'Redirect back',
    hops: [
      ['provider', 'browser'],
      ['browser', 'app'],
    ],
    why: `The browser brings a code. Anybody can make a browser open this address, so state is looked at before all else; and the code itself is worth nothing to whoever reads it on the way: ${name} gives a token for it only together with our secret.`,
    expected:
      'a state that this browser was given within the last ten minutes and has not used, then a code, and each parameter once.',
    rfc: rfc6749('4.1.2'),
    sources: REDIRECT_SOURCES,
  }),
  'token-request': ({ name }) => ({
    title: 'Token request',
    hops: [['app', 'provider']],
    why: `The code, and our secret, for a token. From server to server: the browser waits, and sees none of it. It is sent once, since a code that arrives twice looks stolen to ${name}.`,
    rfc: rfc6749('4.1.3'),
    sources: ['tokenRequest'],
  }),
  'token-response': ({ name }) => ({
    title: 'Token answer',
    hops: [['provider', 'app']],
    why: `The token that lets this app act for you at ${name}. It is kept in the session, on the server; the browser has only the session’s random id.`,
    expected: 'status 200 and a JSON object with a string access_token (RFC 6749 §5.1), in time.',
    rfc: rfc6749('5.1'),
    sources: ['readTokenResponse'],
  }),
  'who-am-i': ({ name }) => ({
    title: 'Who am I',
    hops: [
      ['app', 'provider'],
      ['provider', 'app'],
    ],
    why: `OAuth says that somebody allowed this app to act for them, and not who. ${name}’s API is asked. A name is nice to have: the sign-in stands without it.`,
    expected: 'status 200 and a user.',
    rfc: rfc6749('7'),
    sources: ['askWhoTheyAre'],
  }),
  'signed-in': () => ({
    title: 'Sent on to a page of ours',
    hops: [['app', 'browser']],
    why: 'The browser moves on, so that the code stays in no address bar and no history. Its session has a new id: one that somebody planted in this browser before is worth nothing now.',
    expected: 'a redirect to a page of this app.',
    rfc: rfc6749('3.1.2.5'),
    sources: ['oauthRedirect', 'connect'],
  }),
  'api-call': ({ id, shows }) => ({
    title: 'First API call',
    hops: [
      ['app', 'provider'],
      ['provider', 'app'],
    ],
    why: `What the token is for: ${shows}. It goes along in a header, to the configured server alone, and no redirect is followed with it.`,
    rfc: rfc6749('7'),
    sources: PROVIDER_SOURCES[id],
  }),
  refresh: ({ name }) => ({
    title: 'Refreshes',
    hops: [
      ['app', 'provider'],
      ['provider', 'app'],
    ],
    why: `A new access token for the refresh token, before the old one ends or when ${name} no longer takes it. However many pages ask at once, it is sent once.`,
    expected: 'as in the token answer.',
    rfc: rfc6749('6'),
    sources: ['refresh', 'refreshRequest'],
  }),
  'failed-page': ({ name }) => ({
    title: 'The last failure since',
    hops: [
      ['app', 'provider'],
      ['provider', 'app'],
    ],
    why: `What went over the wire when ${name} could last not be used: its API, or a refresh.`,
    expected: 'status 200, in time, with a body that the provider’s documents describe.',
    rfc: rfc6749('7'),
    sources: FAILURE_SOURCES,
  }),
  refused: ({ name }) => ({
    title: 'The last redirect that was refused',
    hops: [['browser', 'app']],
    why: `Somebody opened ${name}’s redirect URI in this browser with a state that is not of a sign-in under way. It has changed nothing: no request left for ${name}.`,
    expected: 'a state that this browser was given within the last ten minutes and has not used.',
    rfc: rfc6749('10.12'),
    sources: REDIRECT_SOURCES,
  }),
};

export function stepOf(id: StepId, provider: ProviderFacts): Step {
  return { id, ...STEPS[id](provider) };
}

/** The steps of a sign-in, in their order. */
export const SIGN_IN: readonly StepId[] = [
  'authorization-request',
  'decision',
  'authorization-response',
  'token-request',
  'token-response',
  'who-am-i',
  'signed-in',
  'api-call',
];

/** What would have come at this provider if a step had not failed. */
export function stepsAfter(id: StepId, provider: Provider): Step[] {
  return SIGN_IN.slice(SIGN_IN.indexOf(id) + 1)
    .filter((later) => later !== 'who-am-i' || provider.whoAmI !== undefined)
    .map((later) => stepOf(later, provider));
}

/** Every function that a step names. No other file than theirs may be read at /walkthrough/src. */
export const SYMBOLS: readonly string[] = [RALLY, GOCD].flatMap((provider) =>
  Object.values(STEPS).flatMap((step) => step(provider).sources),
);

function rfc6749(section: string): Rule {
  return {
    text: `RFC 6749 §${section}`,
    url: `https://www.rfc-editor.org/rfc/rfc6749.html#section-${section}`,
  };
}
