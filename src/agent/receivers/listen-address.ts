import { BlockList, isIP, isIPv6 } from 'node:net';

/** Where to listen. */
export interface ListenAddress {
  /** An address, or `localhost`. */
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;
/** What every host is to itself (RFC 1122, RFC 4291). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Reads `ADDRESS:PORT` or `[IPV6]:PORT`. Undefined for anything else: names but `localhost` might
 * stand for any address, and no address for all of them.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (found === null) return undefined;
  const [, bracketed, plain, digits] = found;
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (port > PORT_MAX) return undefined;
  const isAddress = bracketed === undefined ? isIP(host) === 4 : isIPv6(bracketed);
  return isAddress || host === 'localhost' ? { host, port } : undefined;
}

/** Whether nobody but programs on this host can reach the address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
