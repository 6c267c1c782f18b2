/**
 * Whole Ethernet frames for what no honest kernel sends. Neighbours: guard.test.ts and guard-ipv4.test.ts send them.
 * Invariant: lengths and checksums are right, so that only what the test is about can be wrong.
 */
import { parseIpv6, parseMac } from '../../src/model/index.js';

export const mac = (text: string): Uint8Array => parseMac(text) ?? fail(text);
export const ipv6 = (text: string): Uint8Array => parseIpv6(text) ?? fail(text);

function fail(text: string): never {
  throw new Error(`${text} is no address`);
}

function bytes(...parts: readonly (number | Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
}

export const u16 = (value: number): number[] => [value >> 8, value & 0xff];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** RFC 1071. */
function checksum(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface Station {
  readonly mac: string;
  readonly ip: string;
}

/** `tag`: an 802.1Q tag of this VLAN id. */
export function ethernet(from: string, to: string, type: number, payload: Uint8Array, tag?: number): Uint8Array {
  const vlan = tag === undefined ? [] : [...u16(0x8100), ...u16(tag)];
  return bytes(mac(to), mac(from), vlan, u16(type), payload);
}

/** ICMPv6 of a type with a body behind the checksum. */
export function icmp6(from: Station, to: Station, type: number, body: Uint8Array, tag?: number): Uint8Array {
  const [source, destination] = [ipv6(from.ip), ipv6(to.ip)];
  const unsummed = bytes(type, 0, u16(0), body);
  const sum = checksum(bytes(source, destination, u32(unsummed.length), u32(58), unsummed));
  const message = bytes(type, 0, u16(sum), body);
  const header = bytes(u32(0x6000_0000), u16(message.length), 58, 255, source, destination);
  return ethernet(from.mac, to.mac, 0x86dd, bytes(header, message), tag);
}

/** A UDP packet of either family. */
export function udp(
  from: Station,
  to: Station,
  ports: readonly [source: number, destination: number],
  body: Uint8Array,
): Uint8Array {
  const v6 = from.ip.includes(':');
  const [source, destination] = [addressBytes(from.ip), addressBytes(to.ip)];
  const unsummed = bytes(u16(ports[0]), u16(ports[1]), u16(8 + body.length), u16(0), body);
  const sum = checksum(bytes(source, destination, u32(unsummed.length), u32(17), unsummed)) || 0xffff;
  const message = bytes(unsummed.subarray(0, 6), u16(sum), body);
  if (v6)
    return ethernet(
      from.mac,
      to.mac,
      0x86dd,
      bytes(u32(0x6000_0000), u16(message.length), 17, 64, source, destination, message),
    );
  return ipv4(from, to, 17, message);
}

/** An IPv4 packet of any protocol. */
export function ipv4(from: Station, to: Station, protocol: number, message: Uint8Array, tag?: number): Uint8Array {
  const [source, destination] = [addressBytes(from.ip), addressBytes(to.ip)];
  const header = (sumOf: number) =>
    bytes(0x45, 0, u16(20 + message.length), u16(1), u16(0), 64, protocol, u16(sumOf), source, destination);
  return ethernet(from.mac, to.mac, 0x0800, bytes(header(checksum(header(0))), message), tag);
}

/** ARP between two stations, in a frame from `outer` where that is not the sender; 1 asks, 2 answers. */
export function arp(op: 1 | 2, sender: Station, target: Station, outer: Partial<Way> = {}): Uint8Array {
  const { from = sender.mac, to = op === 1 ? everybody : target.mac } = outer;
  const ends = [sender, target].map((each) => bytes(mac(each.mac), addressBytes(each.ip)));
  return ethernet(from, to, 0x0806, bytes(u16(1), u16(0x0800), 6, 4, u16(op), ...ends, blank(18)));
}

/** The MACs of a frame. */
interface Way {
  readonly from: string;
  readonly to: string;
}

export const everybody = 'ff:ff:ff:ff:ff:ff';
/** In an ARP request nobody knows the target's MAC yet. */
export const unknownMac = '00:00:00:00:00:00';

/** An SCTP packet of IPv4 without chunks. */
export function sctp(from: Station, to: Station, ports: readonly [source: number, destination: number]): Uint8Array {
  return ipv4(from, to, 132, bytes(u16(ports[0]), u16(ports[1]), u32(0), u32(0)));
}

function addressBytes(ip: string): Uint8Array {
  return ip.includes(':') ? ipv6(ip) : Uint8Array.from(ip.split('.').map(Number));
}

/** Target (and flags) of neighbour discovery, with a link-layer option of a type where `option` is given. */
export function nd(target: string, flags = 0, option?: { readonly type: 1 | 2; readonly mac: string }): Uint8Array {
  return bytes(u32(flags), ipv6(target), option ? [option.type, 1, ...mac(option.mac)] : []);
}

/** A body of so many zero bytes. */
export const blank = (length: number): Uint8Array => new Uint8Array(length);

export const allNodes: Station = { mac: '33:33:00:00:00:01', ip: 'ff02::1' };
export const allRouters: Station = { mac: '33:33:00:00:00:02', ip: 'ff02::2' };
