import { beginningOf, maskText } from '../mask.js';
import type { Provider } from '../providers/provider.js';

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** What somebody else has said. */
export interface Quotation {
  /** Ours: whose words they are, and how they came. */
  readonly caption: string;
  /** Theirs. */
  readonly words: string;
}

/** What a person is told. The words are ours; a provider's own are set apart as a quotation. */
export interface ErrorPage {
  readonly status: number;
  /** Short and stable, for programs and for the log. */
  readonly code: string;
  readonly title: string;
  readonly happened: string;
  readonly next: string;
  readonly quotation?: Quotation;
  readonly link?: Link;
  /** Other ways out. */
  readonly otherLinks?: readonly Link[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the words are about. */
export interface Visit {
  readonly provider: Provider | undefined;
  readonly serverUrl: string;
  /** One of our own paths, with its query. */
  readonly address: string;
}

export const HOME = { href: '/', text: 'Go to the first page' };

/** @param returnTo where the sign-in ends; the provider's own page where it is left out */
export function connectLink(
  { id, name, isRegistered, ownCredential }: Provider,
  returnTo?: string,
) {
  if (!isRegistered) return { href: ownCredential.path, text: `Use ${ownCredential.article}` };
  return {
    href: returnTo ? `/login/${id}?return_to=${returnTo}` : `/login/${id}`,
    text: `Connect to ${name}`,
  };
}

function pathOf({ address }: Visit): string {
  return address.split('?')[0] ?? '';
}

/** Whether a person gave us a credential of their own. */
export function isPasting(visit: Visit, { ownCredential }: Provider): boolean {
  return pathOf(visit) === ownCredential.path;
}

/** Whether it went wrong on the way to a token: not at the provider's pages. */
export function isSigningIn(visit: Visit, provider: Provider): boolean {
  return !isPasting(visit, provider) && !pathOf(visit).startsWith(provider.page);
}

/** A redirect works once: to load it again would only be refused. */
export function againLink(visit: Visit, provider: Provider): { href: string; text: string } {
  if (isSigningIn(visit, provider)) return connectLink(provider);
  const href = isPasting(visit, provider) ? provider.ownCredential.path : visit.address;
  return { href, text: 'Try again' };
}

const LONGEST_QUOTATION = 500;

/** A provider's words: without secrets that it may repeat, and short. The view escapes them. */
export function quote(...texts: (string | undefined)[]): string {
  const whole = texts.filter((text) => text !== undefined).join(': ');
  return shortened(
    // SECURITY.md B6: masked before it is cut, because half a secret does not look like one.
    maskText(beginningOf(whole, 5000)),
  );
}

/** For words that hold no secret. */
export function shortened(words: string): string {
  return words.length > LONGEST_QUOTATION ? `${words.slice(0, LONGEST_QUOTATION)}…` : words;
}
