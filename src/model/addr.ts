/**
 * Addresses: strict text in, binary out, and back. IPv4 is a u32, IPv6 sixteen bytes, a MAC six.
 * Neighbours: the kinds read their fields with it; src/api and src/cli print with it.
 * Invariant: parse(format(x)) equals x, and nothing ambiguous is read: no octal, no missing octets, no zone ids.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** IPv4 as an unsigned 32-bit number, IPv6 as 16 bytes. */
export type Address = number | Uint8Array;

/** A prefix whose host bits are zero. */
export interface Cidr {
  readonly address: Address;
  readonly length: number;
  readonly family: 4 | 6;
}

/** `10.1.1.5` → u32; undefined for anything but four plain decimal octets (`010.0.0.1` would be octal to some). */
export function parseIpv4(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  let value = 0;
  let octet = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      value = value * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + (c - 48);
  }
  return value * 256 + octet;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** RFC 4291 text → 16 bytes; a zone id (`fe80::1%eth0`) means nothing to a switch and is refused. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const bytes = new Uint8Array(16);
  const gap = text.indexOf('::');
  if (gap < 0) {
    writeGroups(text, bytes, 0);
    return bytes;
  }
  writeGroups(text.slice(0, gap), bytes, 0);
  const tail = text.slice(gap + 2);
  writeGroups(tail, bytes, 16 - groupBytes(tail));
  return bytes;
}

function groupBytes(text: string): number {
  if (text === '') return 0;
  let groups = 1;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === 58) groups++;
  return text.includes('.') ? groups * 2 + 2 : groups * 2;
}

function writeGroups(text: string, into: Uint8Array, start: number): void {
  if (text === '') return;
  let at = start;
  for (const group of text.split(':')) {
    if (group.includes('.')) {
      const v4 = parseIpv4(group) ?? 0;
      for (let shift = 24; shift >= 0; shift -= 8) into[at++] = (v4 >>> shift) & 255;
    } else {
      const value = Number.parseInt(group, 16);
      into[at++] = value >>> 8;
      into[at++] = value & 255;
    }
  }
}

/** RFC 5952: lower case, the longest run of zero groups (the first of equals, two at least) as `::`, mapped IPv4 dotted. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((g) => g === 0)) {
    return `::ffff:${bytes.slice(12).join('.')}`;
  }
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) {
      best = i;
      bestLength = end - i;
    }
    if (end > i) i = end - 1;
  }
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(':');
  if (best < 0) return hex(groups);
  return `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`;
}

export function parseAddress(text: string): Address | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

export function formatAddress(address: Address): string {
  return typeof address === 'number' ? formatIpv4(address) : formatIpv6(address);
}

const macText = /^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/;

export function parseMac(text: string): Uint8Array | undefined {
  if (!macText.test(text)) return undefined;
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = (hexDigit(text, i * 3) << 4) | hexDigit(text, i * 3 + 1);
  return bytes;
}

/** `0`–`9` are 0x30–0x39; letters of either case have 1–6 in their low nibble and bit 0x40. */
function hexDigit(text: string, at: number): number {
  const c = text.charCodeAt(at);
  return (c & 15) + (c & 0x40 ? 9 : 0);
}

const hexByte = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function formatMac(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < 6; i++) text += (i === 0 ? '' : ':') + hexByte[bytes[i] ?? 0];
  return text;
}

/** `10.1.1.5/24` → 10.1.1.0/24: host bits are cleared. A bare address is its own /32 or /128. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const family = typeof address === 'number' ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  if (slash < 0) return { address, length: bits, family };
  const lengthText = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > bits) return undefined;
  return { address: maskAddress(address, length), length, family };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.address)}/${cidr.length}`;
}

/** The first `length` bits of an address, the rest zero. */
export function maskAddress(address: Address, length: number): Address {
  // `x << 32` is `x << 0` in JavaScript, so the empty prefix is a case of its own.
  if (typeof address === 'number') return length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0;
  const masked = new Uint8Array(16);
  for (let i = 0; i < 16; i++) {
    const bits = Math.min(8, Math.max(0, length - i * 8));
    masked[i] = (address[i] ?? 0) & (0xff00 >> bits);
  }
  return masked;
}

/** Numeric order; IPv4 before IPv6. */
export function compareAddress(a: Address, b: Address): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  for (let i = 0; i < 16; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** By address, then the wider prefix first: a prefix directly precedes what it contains. */
export function compareCidr(a: Cidr, b: Cidr): number {
  return compareAddress(a.address, b.address) || a.length - b.length;
}

export function cidrContains(cidr: Cidr, address: Address): boolean {
  if ((typeof address === 'number' ? 4 : 6) !== cidr.family) return false;
  return compareAddress(maskAddress(address, cidr.length), cidr.address) === 0;
}

/** Two prefixes are disjoint or one contains the other; they never half overlap. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.length <= b.length ? cidrContains(a, b.address) : cidrContains(b, a.address);
}

/** Sorted, without duplicates and prefixes inside other ones, two halves made one: the same addresses, in the fewest prefixes. */
export function normaliseCidrs(cidrs: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const cidr of cidrs.toSorted(compareCidr)) {
    const last = kept.at(-1);
    if (last !== undefined && cidrsOverlap(last, cidr)) continue;
    kept.push(cidr);
    for (let whole = joined(kept.at(-2), cidr); whole !== undefined; whole = joined(kept.at(-2), whole)) {
      kept.splice(-2, 2, whole);
    }
  }
  return kept;
}

/** The prefix that two are the halves of. */
function joined(low: Cidr | undefined, high: Cidr): Cidr | undefined {
  if (low === undefined || low.length !== high.length || low.family !== high.family) return undefined;
  const length = low.length - 1;
  if (length < 0 || compareAddress(maskAddress(high.address, length), low.address) !== 0) return undefined;
  return { address: low.address, length, family: low.family };
}

/** The address with all host bits one; for IPv4 the directed broadcast. */
export function lastAddress(cidr: Cidr): Address {
  if (typeof cidr.address === 'number') return (cidr.address + 2 ** (32 - cidr.length) - 1) >>> 0;
  const last = Uint8Array.from(cidr.address);
  for (let i = 0; i < 16; i++) last[i] = (last[i] ?? 0) | (0xff >> Math.min(8, Math.max(0, cidr.length - i * 8)));
  return last;
}

/** What an address is that no host may use as its own; undefined when it is an ordinary unicast address. */
export function unusableAddress(address: Address): string | undefined {
  if (typeof address === 'number') {
    if (address === 0) return 'unspecified';
    if (address === 0xffffffff) return 'broadcast';
    if (address >>> 28 === 0xe) return 'multicast';
    if (address >>> 28 === 0xf) return 'reserved';
    if (address >>> 24 === 127) return 'loopback';
    if (address >>> 24 === 0) return 'reserved';
    return undefined;
  }
  if (address[0] === 0xff) return 'multicast';
  const text = formatIpv6(address);
  if (text === '::') return 'unspecified';
  if (text === '::1') return 'loopback';
  if (text.startsWith('::ffff:')) return 'IPv4-mapped';
  return undefined;
}

export function isLinkLocal(address: Address): boolean {
  if (typeof address === 'number') return address >>> 16 === 0xa9fe;
  return address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
}

/** What every distributed gateway and every virtual address answers with, the same on every host: `02`, then `sluic` as good as hex has it. */
export const routerMac: Uint8Array = Uint8Array.of(0x02, 0x73, 0x6c, 0x75, 0x69, 0x63);

/** What a MAC is that no station may use as its own. */
export function unusableMac(mac: Uint8Array): string | undefined {
  if (mac.every((byte, i) => byte === routerMac[i])) return 'distributed gateway’s';
  const first = mac[0] ?? 0;
  if ((first & 1) === 1) return mac.every((byte) => byte === 0xff) ? 'broadcast' : 'multicast';
  return first === 0 && mac.every((byte) => byte === 0) ? 'all zero' : undefined;
}
