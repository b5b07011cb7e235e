// API keys: strings that stand in for a person's password, and do not expire.
import type { Clock } from '../clock.js';
import { hex, urlSafe } from '../random.js';
import type { RallyPerson } from './people.js';

export interface ApiKey {
  readonly id: string;
  readonly person: RallyPerson;
  readonly createdAt: number;
  name: string;
  isReadOnly: boolean;
  /** What a client sends as zsessionid. */
  secretKey: string;
  lastUsedAt: number | undefined;
}

/** To the letter as documented. */
export const API_KEYS_ARE_DISABLED =
  'API Keys are disabled. Please contact your Subscription Administrator to enable this functionality.';

export class ApiKeys {
  private keys: ApiKey[] = [];
  /** For the whole subscription. While it is false existing keys do not work, and can be deleted alone. */
  areEnabled = true;

  constructor(private readonly clock: Clock) {}

  get all(): readonly ApiKey[] {
    return this.keys;
  }

  /** The keys that somebody may see: their own, and all of them as subscription administrator. */
  visibleTo(person: RallyPerson): readonly ApiKey[] {
    return this.keys.filter((key) => person.isAdministrator || key.person === person);
  }

  create(person: RallyPerson, name: string, isReadOnly: boolean): ApiKey {
    const key: ApiKey = {
      id: hex(8),
      person,
      name,
      isReadOnly,
      secretKey: newSecret(),
      createdAt: this.clock.now(),
      lastUsedAt: undefined,
    };
    this.keys.push(key);
    return key;
  }

  edit(key: ApiKey, name: string, isReadOnly: boolean): void {
    Object.assign(key, { name, isReadOnly });
  }

  /** Gives a key a new value; the old one is dead at once. */
  reset(key: ApiKey): void {
    key.secretKey = newSecret();
  }

  delete(key: ApiKey): void {
    this.keys = this.keys.filter((other) => other !== key);
  }

  /** The key of this value, if it opens anything at the moment. */
  find(secretKey: string): ApiKey | undefined {
    const key = this.keys.find((each) => each.secretKey === secretKey);
    return this.areEnabled && key?.person.status === 'active' ? key : undefined;
  }
}

/** Rally's keys begin with an underscore. */
function newSecret(): string {
  return `_${urlSafe()}`;
}
