/**
 * Gratuitous ARP (RFC 5227 §3) and unsolicited neighbour advertisements (RFC 4861 §7.2.6) from a bridge's own port.
 * Neighbours: keeper.ts, after a move. The MAC is the NIC's, so neighbours know it already; this tells the switches between,
 * and the bridge itself, on which port it is now.
 */
import { isIPv4 } from 'node:net';
import { run } from '../../host/run.js';

const hex = (mac: string): string => mac.replaceAll(':', '');

function ipv4(address: string): string {
  return address
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('');
}

function ipv6(address: string): string {
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [words(head), words(tail ?? '')];
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((word) => word.padStart(4, '0')).join('');
}

/** RFC 1071, over whole 16-bit words in hex. */
function checksum(text: string): string {
  let sum = (text.match(/.{4}/g) ?? []).reduce((total, word) => total + Number.parseInt(word, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return (~sum & 0xffff).toString(16).padStart(4, '0');
}

export function announcement(mac: string, address: string): string {
  const own = hex(mac);
  if (isIPv4(address)) {
    const ip = ipv4(address);
    // A request for one's own address, as the kernel's arp_notify sends it.
    return `ffffffffffff${own}08060001080006040001${own}${ip}000000000000${ip}`;
  }
  const ip = ipv6(address);
  const all = 'ff020000000000000000000000000001';
  // Override set: whoever knows another MAC shall take this one.
  const body = `20000000${ip}0201${own}`;
  const pseudo = `${ip}${all}000000200000003a`;
  const sum = checksum(`${pseudo}88000000${body}`);
  return `333300000001${own}86dd6000000000203aff${ip}${all}8800${sum}${body}`;
}

/** Through NORMAL, so that the bridge learns it, too. */
export async function announce(
  rundir: string,
  bridge: string,
  mac: string,
  addresses: readonly string[],
): Promise<void> {
  for (const address of addresses) {
    const packet = `in_port=LOCAL packet=${announcement(mac, address)} actions=NORMAL`;
    await run('ovs-ofctl', ['-O', 'OpenFlow15', '--timeout=5', 'packet-out', `unix:${rundir}/${bridge}.mgmt`, packet]);
  }
}
