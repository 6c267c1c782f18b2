/** The Internet checksum (RFC 1071). Neighbours: icmp.ts and reset.ts fill in what they build. */

/** The ones' complement sum of 16-bit words, an odd last byte padded with zero; `sum` carries on an earlier one. */
export function addWords(bytes: Uint8Array, sum = 0): number {
  let total = sum;
  for (let i = 0; i < bytes.length; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

export function checksum(bytes: Uint8Array, sum = 0): number {
  return ~addWords(bytes, sum) & 0xffff;
}

/** Source, destination, length and protocol, as TCP (RFC 9293 §3.1) and ICMPv6 (RFC 8200 §8.1) sum them up. */
export function pseudoHeader(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return addWords(destination, addWords(source, protocol + length));
}
