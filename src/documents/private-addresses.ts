/** Keeps fetches of documents off the inside of the network: a deal's uri comes from outside, so it must not reach there. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';

  constructor() {
    super('the host has an address that is not on the public internet');
  }
}

export type Barred = (address: string) => boolean;

/** Not globally reachable by the IANA special-purpose registries, and the IPv6 forms that carry an IPv4 address within. */
const SPECIAL: [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

// One list a family: a shared one takes every IPv4 address for a member of ::ffff:0:0/96.
const special4 = new BlockList();
const special6 = new BlockList();
for (const [network, prefix] of SPECIAL) {
  if (isIPv6(network)) special6.addSubnet(network, prefix, 'ipv6');
  else special4.addSubnet(network, prefix, 'ipv4');
}

/** Whether an IP address is private, loopback, link-local (cloud metadata included), shared, reserved or wraps an IPv4 one. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.split('%')[0] ?? address;
  return isIPv6(bare) ? special6.check(bare, 'ipv6') : special4.check(bare, 'ipv4');
}

/** Whether a host name or literal says by itself that it is not on the public internet. `hostname` as in `URL`. */
export function isPrivateHost(hostname: string, barred: Barred = isPrivateAddress): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host)) return barred(host);
  return !host.includes('.') || /\.(localhost|local|internal|intranet|lan|home\.arpa)$/i.test(host);
}

/**
 * Connects only to addresses that are not barred. The addresses checked are the very ones connected to, so a name that
 * resolves anew between check and connect gains nothing.
 */
export function guardedConnector(
  timeoutMs: number,
  barred: Barred,
  lookup: typeof systemLookup = systemLookup,
): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: guardedLookup(barred, lookup) });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    // No look-up happens for a literal.
    if (isIP(host) && barred(host)) callback(new PrivateAddressError(), null);
    else connect(options, callback);
  };
}

function guardedLookup(barred: Barred, lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error) callback(error, []);
      else if (!first || addresses.some(({ address }) => barred(address))) callback(new PrivateAddressError(), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
