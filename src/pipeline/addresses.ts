/** Addresses that protocols define. Neighbours: spoof-guard.ts, neighbours.ts, source.ts. */

/** An absent link-layer option reads as this in a match. */
export const noMac = new Uint8Array(6);

export const unspecified6 = new Uint8Array(16);

/** Every node of a link, and the MAC of that group (RFC 2464 §7). */
export const allNodes = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
export const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/** The link-local address of a MAC (RFC 4291 appendix A: fe80::/64 and the modified EUI-64); `address` is 16 bytes of which the middle is zero. */
export function linkLocal(mac: Uint8Array, address: Uint8Array = new Uint8Array(16)): Uint8Array {
  address[0] = 0xfe;
  address[1] = 0x80;
  address[8] = mac[0]! ^ 0x02;
  address[9] = mac[1]!;
  address[10] = mac[2]!;
  address[11] = 0xff;
  address[12] = 0xfe;
  address[13] = mac[3]!;
  address[14] = mac[4]!;
  address[15] = mac[5]!;
  return address;
}
