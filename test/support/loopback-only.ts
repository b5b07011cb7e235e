// The network is off in tests, but for this machine: a request to a real provider fails loudly.
import net from 'node:net';

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its socket below
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (this: net.Socket, ...parameters: unknown[]) {
  const host = hostOf(parameters);
  if (host !== undefined && !/^(localhost|.+\.localhost|127(\.\d+){3}|::1)$/.test(host)) {
    throw new Error(`a test tried to connect to ${host}`);
  }
  return connect.apply(this, parameters as Parameters<typeof connect>);
};

/** Node normalises the parameters of a connection into one array before they come here. */
function hostOf(parameters: unknown[]): string | undefined {
  const [first, second] = parameters.flat() as [unknown, unknown];
  if (typeof first === 'object' && first !== null && 'host' in first) return String(first.host);
  return typeof first === 'number' && typeof second === 'string' ? second : undefined;
}
