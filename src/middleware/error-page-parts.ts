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
export interface Place {
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

function pathOf({ address }: Place): string {
  return address.split('?')[0] ?? '';
}

/** Whether a person gave us a credential of their own. */
export function isPasting(place: Place, { ownCredential }: Provider): boolean {
  return pathOf(place) === ownCredential.path;
}

/** Whether it went wrong on the way to a token: not at the provider's pages. */
export function isSigningIn(place: Place, provider: Provider): boolean {
  return !isPasting(place, provider) && !pathOf(place).startsWith(provider.page);
}

/** A redirect works once: to load it again would only be refused. */
export function againLink(place: Place, provider: Provider): { href: string; text: string } {
  if (isSigningIn(place, provider)) return connectLink(provider);
  const href = isPasting(place, provider) ? provider.ownCredential.path : place.address;
  return { href, text: 'Try again' };
}

/** A provider's words: without secrets that it may repeat, and short. The view escapes them. */
export function quote(...texts: (string | undefined)[]): string {
  // Masked before it is cut: half a secret would not look like one.
  const whole = texts.filter((text) => text !== undefined).join(': ');
  const masked = maskText(beginningOf(whole, 5000));
  return masked.length > 500 ? `${masked.slice(0, 500)}…` : masked;
}
