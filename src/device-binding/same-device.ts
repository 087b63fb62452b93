import { BlockList, isIP } from 'node:net';
import Bowser from 'bowser';
import type { Device } from '../session/session.ts';

/** Prefix length that identifies an IPv6 network: a household, or one customer of a provider. */
const NETWORK_BITS = 56;
/** Prefix length of an IPv4 network, /24, within an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). */
const MAPPED_NETWORK_BITS = 96 + 24;

const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * Whether a request seems to come from the device that a session was started on. Compared are the browser family and
 * the platform in the user agent, and with `network` also the /24 (IPv4) or /56 (IPv6) network of the address. Browser
 * versions are ignored. Properties that were unknown when the session started are not compared.
 */
export function isSameDevice(known: Device, seen: Device, { network }: { readonly network: boolean }): boolean {
  const sameAgent =
    known.userAgent === '' || known.userAgent === seen.userAgent || family(known.userAgent) === family(seen.userAgent);
  return sameAgent && (!network || isSameNetwork(known.ip, seen.ip));
}

function family(userAgent: string): string {
  if (userAgent === '') return '';
  const { browser, os } = Bowser.parse(userAgent);
  // Clients other than browsers begin with their name: curl/8.5.0.
  return `${browser.name || userAgent.split(/[/ ]/, 1)[0]} on ${os.name ?? ''}`;
}

/** Compares IPv4 addresses as IPv4-mapped IPv6 addresses: a dual-stack socket reports them in that form. */
function isSameNetwork(known: string, seen: string): boolean {
  if (isIP(known) === 0) return true;
  if (isIP(seen) === 0) return false;
  const [start, now] = [asIPv6(known), asIPv6(seen)];
  const isIPv4 = mapped.check(start, 'ipv6');
  if (mapped.check(now, 'ipv6') !== isIPv4) return false;
  const network = new BlockList();
  network.addSubnet(start, isIPv4 ? MAPPED_NETWORK_BITS : NETWORK_BITS, 'ipv6');
  return network.check(now, 'ipv6');
}

function asIPv6(address: string): string {
  return isIP(address) === 4 ? `::ffff:${address}` : address;
}
