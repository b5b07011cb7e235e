// Somebody with a browser who does what people do, and some of what they should not. Failures may
// strike anywhere on the way: whatever page comes is looked at, and is an end.
import { Visitor, type Page } from '../support/visitor.js';

type Provider = 'rally' | 'gocd';

/** Where everything is, and what is done with every page that comes. */
export interface World {
  readonly app: string;
  readonly sandbox: string;
  /** Made by hand at the providers, for everybody to paste. */
  readonly credentials: Readonly<Record<Provider, string>>;
  /** Looks at a page of the app. */
  readonly look: (page: Page, asked: string) => void;
  /** Notes what must never be printed. */
  readonly keepSecret: (secret: string) => void;
}

const USERS = {
  rally: ['ada@example.test', 'sol@example.test', 'nia@example.test', 'ivo@example.test'],
  gocd: ['ada', 'admin', 'kit', 'guest'],
};
const OWN_CREDENTIAL = { rally: '/rally/api-key', gocd: '/gocd/access-token' };
const REDIRECT_URI = { rally: '/oauth-redirect', gocd: '/oauth-redirect/gocd' };
/** One that Rally and GoCD refuse. */
const WRONG = '_made-up-by-somebody-who-has-none-0123456789';
const MOST_STEPS = 12;

export class Person {
  private readonly visitor = new Visitor();
  private cookie = '';

  constructor(private readonly world: World) {}

  /** Does something, at random. */
  async act(): Promise<void> {
    const provider = oneOf<Provider>('rally', 'gocd');
    await oneOf<() => Promise<unknown>>(
      () => this.get('/'),
      () => this.get(`/${provider}`),
      () => this.get(`/${provider}`),
      () => this.get('/rally?page=2'),
      () => this.get('/nothing'),
      () => this.get(`${REDIRECT_URI[provider]}?state=made-up&code=made-up`),
      () => this.post('/logout', {}),
      () => this.get(`/login/${provider}`), // and no further
      () => this.signIn(provider),
      () => this.signIn(provider),
      () => this.inTwoTabs(provider),
      () => this.paste(provider, this.world.credentials[provider]),
      () => this.paste(provider, WRONG),
      () => this.logOut(oneOf('/logout', `/logout/${provider}`)),
      () => this.leave(`/${provider}`),
    )();
  }

  private async signIn(provider: Provider): Promise<Page> {
    let page = await this.get(`/login/${provider}`);
    for (let step = 0; step < MOST_STEPS; step++) {
      if (page.status >= 300 && page.status < 400) page = await this.follow(page);
      else if (page.url.origin !== this.world.sandbox) return page;
      else if (page.$('input[name=password]').length > 0) {
        const username = oneOf(...USERS[provider]);
        page = await this.visitor.submit(page, 'form', { username, password: 'sandbox' });
      } else if (page.$('form').length === 1) {
        page = await this.visitor.submit(page, 'form', oneOf<Decision>(YES, YES, YES, NO));
      } else return page;
    }
    return page;
  }

  private async follow({ location }: Page): Promise<Page> {
    for (const name of ['code', 'state', 'code_challenge']) {
      const value = location.searchParams.get(name);
      if (value) this.world.keepSecret(value);
    }
    return location.origin === this.world.app
      ? this.get(location.pathname + location.search)
      : this.visitor.visit(location);
  }

  /** Two sign-ins begin at once; one of them may end up with the other's session. */
  private async inTwoTabs(provider: Provider): Promise<void> {
    await Promise.all([this.signIn(provider), this.signIn(oneOf('rally', 'gocd'))]);
  }

  private async paste(provider: Provider, credential: string): Promise<void> {
    const path = OWN_CREDENTIAL[provider];
    const page = await this.get(path);
    if (page.status !== 200) return;
    await this.post(path, { credential, csrf_token: csrfTokenIn(page) });
  }

  private async logOut(path: string): Promise<void> {
    const page = await this.get('/logout');
    if (page.status === 200) await this.post(path, { csrf_token: csrfTokenIn(page) });
  }

  /** Closes the tab before the page is there. */
  private async leave(path: string): Promise<void> {
    const browser = new AbortController();
    const headers = { Cookie: this.cookie };
    const left = fetch(this.world.app + path, { headers, signal: browser.signal });
    setTimeout(() => {
      browser.abort();
    }, Math.random() * 20);
    await left.then((answer) => answer.text()).catch(() => undefined);
  }

  private async get(path: string): Promise<Page> {
    return this.seen(await this.visitor.visit(this.world.app + path), `GET ${path}`);
  }

  private async post(path: string, fields: Record<string, string>): Promise<Page> {
    return this.seen(await this.visitor.post(this.world.app + path, fields), `POST ${path}`);
  }

  private seen(page: Page, asked: string): Page {
    this.world.look(page, asked.replace(/\?.*/, ''));
    for (const cookie of [page.headers['set-cookie'] ?? []].flat()) {
      this.cookie = cookie.split(';')[0] ?? '';
      this.world.keepSecret(this.cookie.replace('sid=', ''));
    }
    const csrfToken = csrfTokenIn(page);
    if (csrfToken) this.world.keepSecret(csrfToken);
    return page;
  }
}

type Decision = Record<string, string>;

/** What both consent pages send. */
const YES: Decision = { decision: 'allow', authorize: 'Yes' };
const NO: Decision = { decision: 'deny' };

function csrfTokenIn({ $ }: Page): string {
  return String($('input[name=csrf_token]').first().val() ?? '');
}

export function oneOf<Value>(...values: Value[]): Value {
  return values[Math.floor(Math.random() * values.length)] as Value;
}
