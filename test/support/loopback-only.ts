// The network is off in tests, but for this machine: a request to a real provider fails loudly.
import { lookup, promises as dns, type LookupAddress, type LookupOptions } from 'node:dns';
import net from 'node:net';

/** Asked once: each of ten thousand connections would wait for a thread that reads /etc/hosts. */
const localhost = await dns.lookup('localhost', { all: true });

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

function lookUp(host: string, options: LookupOptions, callback: Found): void {
  const [first] = localhost;
  if (host !== 'localhost' || !first || options.family) {
    lookup(host, options, callback);
    return;
  }
  process.nextTick(() => {
    if (options.all) callback(null, [...localhost]);
    else callback(null, first.address, first.family);
  });
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its socket below
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (this: net.Socket, ...parameters: unknown[]) {
  const host = hostOf(parameters);
  if (host !== undefined && !/^(localhost|.+\.localhost|127(\.\d+){3}|::1)$/.test(host)) {
    throw new Error(`a test tried to connect to ${host}`);
  }
  const [options] = parameters.flat() as [unknown];
  if (
    typeof options === 'object' &&
    options !== null &&
    'host' in options &&
    !('lookup' in options)
  ) {
    Object.assign(options, { lookup: lookUp });
  }
  return connect.apply(this, parameters as Parameters<typeof connect>);
};

/** Node normalises the parameters of a connection into one array before they come here. */
function hostOf(parameters: unknown[]): string | undefined {
  const [first, second] = parameters.flat() as [unknown, unknown];
  if (typeof first === 'object' && first !== null && 'host' in first) return String(first.host);
  return typeof first === 'number' && typeof second === 'string' ? second : undefined;
}
