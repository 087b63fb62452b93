import { BlockList, isIP } from 'node:net';
import Bowser from 'bowser';
import type { Device } from './session/session.ts';

/** How many leading bits of an address name a network: one household or one provider's customer. */
const NETWORK_BITS = { 4: 24, 6: 56 } as const;

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

function isSameNetwork(known: string, seen: string): boolean {
  const version = isIP(known);
  if (version === 0) return true;
  if (isIP(seen) !== version) return false;
  const type = version === 4 ? 'ipv4' : 'ipv6';
  const network = new BlockList();
  network.addSubnet(known, NETWORK_BITS[version as 4 | 6], type);
  return network.check(seen, type);
}
