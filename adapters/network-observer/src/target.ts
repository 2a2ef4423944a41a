import { BlockList, isIP, isIPv4 } from 'node:net';
import { KilnError, shorten } from '@kiln/base';

/**
 * Addresses that are no public host's: this machine, its networks, and what is reserved (RFC 6890). One list for each version,
 * as a list takes every IPv4 address for one of IPv6, too.
 */
const special4 = new BlockList();
const special6 = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  special4.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 32],
  ['100::', 64],
  ['2001::', 23],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const)
  special6.addSubnet(net, prefix, 'ipv6');

/** Whether an address is one that only this machine or its own networks reach. */
export function isPrivate(address: string): boolean {
  return isIPv4(address) ? special4.check(address, 'ipv4') : special6.check(address, 'ipv6');
}

const urlCharactersMax = 8000;

/**
 * The address of a request as it is recorded: without fragment. Throws `NETWORK_REFUSED` for other schemes, for user names and
 * passwords, and for addresses that are too long.
 */
export function parseTarget(text: string): URL {
  const url = text.length > urlCharactersMax ? null : URL.parse(text);
  if (url === null) throw refused(`not an address: "${shorten(text)}"`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`"${shorten(url.href)}" is neither http nor https`);
  if (url.username !== '' || url.password !== '')
    throw refused(`an address on ${url.host} has a user name or password in it`, {
      hint: 'what a build fetches has to be there for everybody: it is recorded and fetched again',
    });
  url.hash = '';
  return url;
}

/** The host of a URL without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Whether `allowed` names the host of a URL, alone or with its port: `mirror.internal`, `127.0.0.1:8080`. */
export function isAllowed(url: URL, allowed: readonly string[]): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return allowed.some((name) => name === url.hostname || name === `${url.hostname}:${port}`);
}

/** Throws `NETWORK_REFUSED` for an address that is written as such and private. Names are looked at once they are resolved. */
export function refusePrivate(url: URL): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && isPrivate(host)) throw privateHost(host);
}

export function privateHost(host: string): KilnError {
  return refused(`"${shorten(host)}" is an address of this machine or its own network`, {
    hint: 'name the host with --network-allow, in a factory under KILN_NETWORK_ALLOW, if builds may reach it',
  });
}

export function refused(message: string, { hint }: { readonly hint?: string } = {}): KilnError {
  return new KilnError('NETWORK_REFUSED', message, { hint });
}
