// What is shown of a person's work stands in the address, so that it can be kept, sent and gone back
// to. A parameter that is left out has its default; a default is left out.
import { BadParameterError } from '../errors.js';
import {
  SORT_KEYS,
  WORK_TYPES,
  type Page,
  type View,
  type WorkType,
} from '../providers/rally-work.js';

export interface Address extends View {
  readonly page: number;
  readonly pagesize: number;
}

type Query = Readonly<Record<string, unknown>>;

interface Parameter<Value> {
  readonly initial: Value;
  /** What it must be, in words. */
  readonly expected: string;
  /** @returns undefined for a value that is none */
  readonly read: (text: string) => Value | undefined;
}

export const PAGE_SIZES = [20, 50, 100, 200] as const;
const LONGEST_TEXT = 200;

const oneOf = <Value extends string | number>(
  values: readonly Value[],
  initial: Value,
): Parameter<Value> => ({
  initial,
  expected: `one of ${values.join(', ')}`,
  read: (text) => values.find((value) => String(value) === text),
});

const text: Parameter<string> = {
  initial: '',
  expected: `one line of at most ${LONGEST_TEXT} characters`,
  read: (text) => {
    const isOne = text.length <= LONGEST_TEXT && !/\p{Cc}/u.test(text);
    return isOne ? text.trim() : undefined;
  },
};

const objectId: Parameter<string> = {
  initial: '',
  expected: 'an ObjectID of Rally’s: a whole number',
  read: (text) => (/^[1-9]\d{0,14}$/.test(text) ? text : undefined),
};

const pageNumber: Parameter<number> = {
  initial: 1,
  expected: 'a whole number from 1',
  read: (text) => (/^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined),
};

const PARAMETERS: { readonly [Name in keyof Address]: Parameter<Address[Name]> } = {
  type: oneOf(WORK_TYPES, 'stories'),
  search: text,
  state: text,
  iteration: text,
  workspace: objectId,
  project: objectId,
  sort: oneOf(
    SORT_KEYS.flatMap((key) => [key, `-${key}`] as const),
    'rank',
  ),
  page: pageNumber,
  pagesize: oneOf<number>(PAGE_SIZES, 50),
};

const { page, pagesize, ...VIEW_PARAMETERS } = PARAMETERS;

/** @throws {BadParameterError} for a parameter, or a value, that is not known: nothing is guessed */
export function readAddress(query: Query): Address {
  return read(query, PARAMETERS) as Address;
}

/**
 * The same for what shows all of it, without pages.
 *
 * @throws {BadParameterError}
 */
export function readView(query: Query): View {
  return read(query, VIEW_PARAMETERS) as View;
}

function read(query: Query, parameters: Readonly<Record<string, Parameter<unknown>>>): object {
  const unknown = Object.keys(query).find((name) => !Object.hasOwn(parameters, name));
  if (unknown !== undefined) {
    const known = Object.keys(parameters).join(', ');
    throw new BadParameterError(unknown, `left out: the parameters of this page are ${known}`);
  }
  const entries = Object.entries(parameters).map(([name, { initial, expected, read }]) => {
    const value = query[name];
    if (value === undefined || value === '') return [name, initial];
    const known = typeof value === 'string' ? read(value) : undefined; // a list: it was sent twice
    if (known === undefined) throw new BadParameterError(name, expected);
    return [name, known];
  });
  return Object.fromEntries(entries) as object;
}

/** Whether an address says what it says in the one way in which {@link addressOf} writes it. */
export function isCanonical(query: Query, address: Address): boolean {
  return String(new URLSearchParams(query as Record<string, string>)) === parametersOf(address);
}

/** The path with the parameters that are not at their default. */
export function addressOf(path: string, address: Address | View): string {
  const parameters = parametersOf(address);
  return parameters === '' ? path : `${path}?${parameters}`;
}

function parametersOf(address: Partial<Address>): string {
  const parameters = new URLSearchParams();
  for (const [name, { initial }] of Object.entries(PARAMETERS)) {
    const value = address[name as keyof Address];
    if (value !== undefined && value !== initial) parameters.set(name, String(value));
  }
  return String(parameters);
}

/** The same in another tab. Each type has states of its own; all else stays. */
export function inTab(address: Address, type: WorkType): Address {
  return { ...address, type, state: '', page: 1 };
}

/** What is to be seen, on all pages. */
export function viewOf({ page, pagesize, ...view }: Address): View {
  return view;
}

export function pageOf({ page, pagesize }: Address): Page {
  return { start: (page - 1) * pagesize + 1, pageSize: pagesize };
}
