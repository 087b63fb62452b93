import { BlockList, isIP } from 'node:net';
import Bowser from 'bowser';
import type { Device } from '../session/session.ts';

/** How many leading bits of an IPv6 address name a network: one household or one provider's customer. */
const NETWORK_BITS = 56;
/** The same of an IPv4 address, a /24, written as IPv6 (RFC 4291 2.5.5.2). */
const MAPPED_NETWORK_BITS = 96 + 24;

const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * Whether a request comes from the device a session was started on, as far as that can be seen: the family of the
 * user agent and its platform, and with `network` the /24 (IPv4) or /56 (IPv6) of the address. A newer version of the
 * same browser is the same device. What was not known at the start is not compared.
 */
export function isSameDevice(known: Device, seen: Device, { network }: { readonly network: boolean }): boolean {
  const sameAgent =
    known.userAgent === '' || known.userAgent === seen.userAgent || family(known.userAgent) === family(seen.userAgent);
  return sameAgent && (!network || isSameNetwork(known.ip, seen.ip));
}

function family(userAgent: string): string {
  if (userAgent === '') return '';
  const { browser, os } = Bowser.parse(userAgent);
  // Programs that are no browsers name themselves first: curl/8.5.0.
  return `${browser.name || userAgent.split(/[/ ]/, 1)[0]} on ${os.name ?? ''}`;
}

/** A socket that takes both versions writes an IPv4 address as IPv6; it is the same address. */
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
