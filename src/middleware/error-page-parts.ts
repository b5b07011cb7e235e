import type { Provider } from '../providers/provider.js';

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** What a person is told. The words are ours; a provider's own are set apart as a quotation. */
export interface ErrorPage {
  readonly status: number;
  /** Short and stable, for programs and for the log. */
  readonly code: string;
  readonly title: string;
  readonly happened: string;
  readonly next: string;
  readonly quotation?: string;
  readonly link?: Link;
  /** Other ways out. */
  readonly otherLinks?: readonly Link[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the words are about. */
export interface Place {
  readonly provider: Provider | undefined;
  readonly serverUrl: string;
  readonly path: string;
}

export const HOME = { href: '/', text: 'Go to the first page' };

/** @param returnTo where the sign-in ends; the provider's own page where it is left out */
export function connectLink({ id, name, isRegistered, byHand }: Provider, returnTo?: string) {
  if (!isRegistered) return { href: byHand.path, text: `Use ${byHand.article}` };
  return {
    href: returnTo ? `/login/${id}?return_to=${returnTo}` : `/login/${id}`,
    text: `Connect to ${name}`,
  };
}
