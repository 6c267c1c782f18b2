/**
 * What an endpoint's host says of its addresses unasked: gratuitous ARP (RFC 5944 §4.6), unsolicited neighbour advertisements (RFC 4861 §7.2.6).
 * Neighbours: announcer.ts sends them. Invariant: whoever hears one has the same MAC and address as the model.
 */
import type { Endpoint } from '../../model/index.js';
import { checksum, pseudoHeader } from '../answers/checksum.js';
import { etherTypes, protocols } from '../answers/frame.js';

/** A request for the address itself, which every host that knows it already takes as news (RFC 826, packet reception). */
function gratuitousArp(mac: Uint8Array, ipv4: number): Uint8Array {
  const frame = new Uint8Array(42);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  view.setUint16(12, etherTypes.arp);
  view.setUint32(14, 0x00010800);
  view.setUint32(18, 0x06040001);
  frame.set(mac, 22);
  view.setUint32(28, ipv4);
  view.setUint32(38, ipv4);
  return frame;
}

const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** To all nodes, overriding what they know, with the MAC as target link-layer address. */
function neighbourAdvertisement(mac: Uint8Array, ipv6: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + 40 + 32);
  const view = new DataView(frame.buffer);
  frame.set([0x33, 0x33, 0, 0, 0, 1]);
  frame.set(mac, 6);
  view.setUint16(12, etherTypes.ipv6);
  view.setUint8(14, 0x60);
  view.setUint16(18, 32);
  view.setUint8(20, protocols.icmp6);
  view.setUint8(21, 255); // else it came through a router and is not believed (RFC 4861 §7.1.2)
  frame.set(ipv6, 22);
  frame.set(allNodes, 38);
  const message = frame.subarray(54);
  message[0] = 136;
  view.setUint32(58, 0x20000000);
  message.set(ipv6, 8);
  message.set([2, 1, ...mac], 24);
  view.setUint16(56, checksum(message, pseudoHeader(ipv6, allNodes, protocols.icmp6, message.length)));
  return frame;
}

/** One frame for each of an endpoint's own addresses. Those it may use besides wander, and whoever has one announces it itself. */
export function advertisements({ mac, ipv4, ipv6 }: Endpoint): Uint8Array[] {
  const arp = ipv4 === undefined ? [] : [gratuitousArp(mac, ipv4)];
  return [...arp, ...ipv6.map((address) => neighbourAdvertisement(mac, address))];
}
