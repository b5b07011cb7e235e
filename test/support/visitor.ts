import { load, type CheerioAPI } from 'cheerio';
import supertest from 'supertest';

/** A page as a person has it before them. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly $: CheerioAPI;
  /** Where a redirect points; throws where there is none. */
  readonly location: URL;
}

/** A person with a browser: it keeps cookies, one jar an origin, and follows only where told. */
export class Visitor {
  private readonly agents = new Map<string, ReturnType<typeof supertest.agent>>();

  async visit(url: string | URL, headers: Record<string, string> = {}): Promise<Page> {
    const target = new URL(url);
    return page(target, await this.agent(target).get(pathOf(target)).set(headers).redirects(0));
  }

  /** Follows redirects until a page comes. */
  async browse(url: string | URL): Promise<Page> {
    let current = await this.visit(url);
    while (current.status >= 300 && current.status < 400) {
      current = await this.visit(current.location);
    }
    return current;
  }

  async post(
    url: string | URL,
    fields: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Page> {
    const target = new URL(url);
    const form = this.agent(target).post(pathOf(target)).type('form');
    const sent = form.set({ Origin: target.origin, ...headers }).send(fields);
    return page(target, await sent.redirects(0));
  }

  /** Posts a body as it is. */
  async postText(url: string, body: string, headers: Record<string, string>): Promise<Page> {
    const target = new URL(url);
    const request = this.agent(target).post(pathOf(target)).set(headers).send(body);
    return page(target, await request.redirects(0));
  }

  /** What no form of a page does, but a program with this browser's cookies may. */
  async send(method: string, url: string | URL, fields?: Record<string, string>): Promise<Page> {
    const target = new URL(url);
    const request = this.agent(target)[method.toLowerCase() as 'post'](pathOf(target));
    if (fields && method !== 'GET') request.type('form').send(fields);
    return page(target, await request.redirects(0));
  }

  /**
   * Fills in and sends a form of a page.
   *
   * @param fields what the person enters; hidden fields go along by themselves
   */
  async submit(from: Page, form: string, fields: Record<string, string> = {}): Promise<Page> {
    const found = from.$(form);
    if (found.length !== 1) throw new Error(`${found.length} forms ${form} on ${from.url.href}`);
    const hidden = found
      .find('input[type=hidden]')
      .toArray()
      .map((input) => [from.$(input).attr('name') ?? '', from.$(input).attr('value') ?? '']);
    return this.post(new URL(found.attr('action') ?? '', from.url), {
      ...(Object.fromEntries(hidden) as Record<string, string>),
      ...fields,
    });
  }

  /** What a browser needs to go on in this person's place. */
  cookies(): { readonly name: string; readonly value: string; readonly url: string }[] {
    return [...this.agents].flatMap(([url, { jar }]) => {
      const here = { domain: new URL(url).hostname, path: '/', secure: true, script: false };
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- supertest does not export the class, and only these fields are read
      return jar.getCookies(here).map(({ name, value }) => ({ name, value, url }));
    });
  }

  private agent(url: URL) {
    let agent = this.agents.get(url.origin);
    if (!agent) this.agents.set(url.origin, (agent = supertest.agent(url.origin)));
    return agent;
  }
}

function pathOf(url: URL): string {
  return url.pathname + url.search;
}

function page(url: URL, response: supertest.Response): Page {
  let loaded: CheerioAPI | undefined;
  return {
    url,
    status: response.status,
    headers: response.headers,
    text: response.text,
    get $() {
      return (loaded ??= load(response.text));
    },
    get location() {
      const location = response.get('Location');
      if (location === undefined) throw new Error(`${url.href} does not redirect`);
      return new URL(location, url);
    },
  };
}
