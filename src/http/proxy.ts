// Which proxy a request goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as curl reads them.
import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy variable has a value that cannot be used. */
export class ProxySettingError extends Error {}

/** A proxy, and the value of the Proxy-Authorization header that it asks for. */
export interface Proxy {
  readonly url: string;
  readonly authorization?: string;
}

/**
 * @param url of the request
 * @param environment as `process.env`; the lower-case name wins, as it does for curl
 * @returns undefined where the request goes straight to the provider
 * @throws {ProxySettingError} naming the variable, never showing its value: it may hold a password
 */
export function proxyFor(url: URL, environment: Environment): Proxy | undefined {
  if (isExempt(url, setting(environment, 'NO_PROXY') ?? '')) return undefined;
  const own = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  for (const name of [own, 'ALL_PROXY']) {
    const value = setting(environment, name);
    if (value !== undefined) return readProxy(name, value);
  }
  return undefined;
}

function setting(environment: Environment, name: string): string | undefined {
  const values = [environment[name.toLowerCase()], environment[name]].map((value) => value?.trim());
  return values.find((value) => value !== undefined && value !== '');
}

function readProxy(name: string, value: string): Proxy {
  // `proxy:3128` without a scheme is an http proxy to curl, and a URL of the scheme `proxy:` to Node.
  const address = value.includes('://') ? value : `http://${value}`;
  const problem = new ProxySettingError(
    `${name} must be the URL of an http or https proxy, as http://user:password@proxy.example:3128`,
  );
  if (!URL.canParse(address)) throw problem;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(address);
  if (!/^https?:$/.test(protocol)) throw problem;
  // A # or / that should have been escaped in a password would cut it off.
  if (pathname !== '/' || search !== '' || hash !== '') throw problem;
  if (username === '' && password === '') return { url: origin };
  try {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { url: origin, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  } catch {
    throw problem; // a percent sign that begins no escape
  }
}

function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => covers(entry, host, ownPort));
}

/** @param entry `*`, `example.com`, `.example.com`, `example.com:8443`, `10.0.0.0/8`, `::1` or `[::1]:8443` */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*' || entry === host) return true;
  if (entry.includes('/')) return isInSubnet(host, entry);
  const [, name = '', entryPort = port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  const domain = name.replace(/^\*?\./, '');
  if (domain === '' || entryPort !== port) return false;
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function isInSubnet(host: string, subnet: string): boolean {
  const [network = '', bits = ''] = subnet.split('/');
  const version = isIP(network);
  if (version === 0 || version !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (Number(bits) > (version === 4 ? 32 : 128)) return false;
  const networks = new BlockList();
  networks.addSubnet(network, Number(bits), family);
  return networks.check(host, family);
}
