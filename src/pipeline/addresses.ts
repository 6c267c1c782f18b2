/** Addresses that protocols define. Neighbours: spoof-guard.ts, neighbours.ts, source.ts. */

/** An absent link-layer option reads as this in a match. */
export const noMac = new Uint8Array(6);

export const unspecified6 = new Uint8Array(16);

/** Every node of a link, and the MAC of that group (RFC 2464 §7). */
export const allNodes = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
export const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/** The link-local address of a MAC (RFC 4291 appendix A: fe80::/64 and the modified EUI-64). */
export function linkLocal(mac: Uint8Array): Uint8Array {
  const address = new Uint8Array(16);
  address.set([0xfe, 0x80]);
  address.set(mac.subarray(0, 3), 8);
  address.set([0xff, 0xfe], 11);
  address.set(mac.subarray(3), 13);
  address[8] = (address[8] ?? 0) ^ 0x02;
  return address;
}
