// Addresses in text and as integers: IPv4, IPv6, Ethernet.
// Neighbours: text/value.ts picks the notation of a field; actions/ct.ts writes addresses of its own.
// Invariant: printing follows inet_ntop and ovs-ofctl to the letter, because golden tests compare text.

import { FlowError } from '../errors.js';

export function parseIpv4(text: string): bigint {
  const parts = text.split('.');
  if (parts.length !== 4) throw new FlowError(`"${text}" is not an IPv4 address`);
  let value = 0n;
  for (const part of parts) {
    const byte = Number(part);
    if (!/^\d{1,3}$/.test(part) || byte > 255) throw new FlowError(`"${text}" is not an IPv4 address`);
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

export function parseIpv6(text: string): bigint {
  const fail = () => new FlowError(`"${text}" is not an IPv6 address`);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const low = parseIpv4(dotted[2]!);
    return parseIpv6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) throw fail();
  const groups = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw fail();
  let value = 0n;
  for (const group of [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...tail]) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) throw fail();
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}

export function parseEthernet(text: string): bigint {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) throw new FlowError(`"${text}" is not an Ethernet address`);
  return BigInt(
    `0x${text
      .split(':')
      .map((byte) => byte.padStart(2, '0'))
      .join('')}`,
  );
}

/** `/24` or `/255.255.255.0` as a mask of `bits` bits. */
export function parsePrefixOrMask(text: string, bits: number, parse: (text: string) => bigint): bigint {
  if (!/^\d+$/.test(text)) return parse(text);
  const length = Number(text);
  if (length > bits) throw new FlowError(`prefix /${text} is longer than ${bits} bits`);
  return ((1n << BigInt(length)) - 1n) << BigInt(bits - length);
}

export function formatIpv4(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function formatEthernet(bytes: Uint8Array): string {
  let text = hexBytes[bytes[0]!]!;
  for (let i = 1; i < 6; i++) text += `:${hexBytes[bytes[i]!]}`;
  return text;
}

/** As inet_ntop prints it: the first longest run of two or more zero groups becomes `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const mapped = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  if (mapped) return `::${length === 5 ? 'ffff:' : ''}${formatIpv4(bytes.subarray(12))}`;
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

/** Number of leading ones, or -1 when the mask has a hole. */
export function prefixLength(mask: Uint8Array): number {
  let length = 0;
  while (length < mask.length * 8 && (mask[length >> 3]! & (0x80 >> (length & 7))) !== 0) length++;
  for (let bit = length; bit < mask.length * 8; bit++) {
    if ((mask[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) return -1;
  }
  return length;
}
