/**
 * An Ethernet frame with an IP packet, taken apart as far as an answer to it needs, and put together.
 * Neighbours: icmp.ts and reset.ts answer what is read here. Invariant: nothing is read past the bytes that are there.
 */
import { checksum } from './checksum.js';

export interface IpFrame {
  readonly destinationMac: Uint8Array;
  readonly sourceMac: Uint8Array;
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Of what follows the IP headers. */
  readonly protocol: number;
  /** A fragment other than the first has no header of its protocol. */
  readonly laterFragment: boolean;
  /** The IP packet, header included; cut where the frame was. */
  readonly packet: Uint8Array;
  /** What follows the IP headers. */
  readonly payload: Uint8Array;
  /** The length of that on the wire. */
  readonly payloadLength: number;
}

export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Undefined for what is no whole IP header in an untagged frame. */
export function readFrame(frame: Uint8Array): IpFrame | undefined {
  const type = u16(frame, 12);
  const packet = frame.subarray(14);
  const macs = { destinationMac: frame.subarray(0, 6), sourceMac: frame.subarray(6, 12), packet };
  if (type === etherTypes.ipv4) return readIpv4(macs);
  return type === etherTypes.ipv6 ? readIpv6(macs) : undefined;
}

type Outside = Pick<IpFrame, 'destinationMac' | 'sourceMac' | 'packet'>;

function readIpv4(outside: Outside): IpFrame | undefined {
  const { packet } = outside;
  const header = ((packet[0] ?? 0) & 15) * 4;
  const total = u16(packet, 2);
  if (packet[0]! >> 4 !== 4 || header < 20 || packet.length < header || total < header) return undefined;
  return {
    ...outside,
    packet: packet.subarray(0, total),
    family: 4,
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    protocol: packet[9]!,
    laterFragment: (u16(packet, 6) & 0x1fff) !== 0,
    payload: packet.subarray(header, total),
    payloadLength: total - header,
  };
}

/** Hop-by-hop options, routing, destination options; a fragment header has a fixed length (RFC 8200 §4). */
const skipped = new Set([0, 43, 60]);
const fragment = 44;

function readIpv6(outside: Outside): IpFrame | undefined {
  const { packet } = outside;
  if (packet.length < 40 || packet[0]! >> 4 !== 6) return undefined;
  const total = 40 + u16(packet, 4);
  let [protocol, at, laterFragment] = [packet[6]!, 40, false];
  while ((skipped.has(protocol) || protocol === fragment) && !laterFragment) {
    if (packet.length < at + 8) return undefined;
    if (protocol === fragment) laterFragment = (u16(packet, at + 2) & 0xfff8) !== 0;
    const length = protocol === fragment ? 8 : 8 * (packet[at + 1]! + 1);
    protocol = packet[at]!;
    at += length;
  }
  if (at > total || at > packet.length) return undefined;
  return {
    ...outside,
    packet: packet.subarray(0, total),
    family: 6,
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
    protocol,
    laterFragment,
    payload: packet.subarray(at, total),
    payloadLength: total - at,
  };
}

/** What an answer's packet starts with (RFC 1700's default, as the gateway's own answers have). */
const hopLimit = 64;

/** An IP packet in a frame back to the sender of `frame`. */
export function replyFrame(frame: IpFrame, source: Uint8Array, protocol: number, payload: Uint8Array): Uint8Array {
  const header = frame.family === 4 ? 20 : 40;
  const bytes = new Uint8Array(14 + header + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(frame.sourceMac, 0);
  bytes.set(frame.destinationMac, 6);
  view.setUint16(12, frame.family === 4 ? etherTypes.ipv4 : etherTypes.ipv6);
  const ip = bytes.subarray(14);
  if (frame.family === 4) {
    view.setUint8(14, 0x45);
    view.setUint16(16, header + payload.length);
    view.setUint16(20, 0x4000); // don't fragment: no identifier is needed then (RFC 6864 §4.1)
    view.setUint8(22, hopLimit);
    view.setUint8(23, protocol);
    ip.set(source, 12);
    ip.set(frame.source, 16);
    view.setUint16(24, checksum(ip.subarray(0, 20)));
  } else {
    view.setUint8(14, 0x60);
    view.setUint16(18, payload.length);
    view.setUint8(20, protocol);
    view.setUint8(21, hopLimit);
    ip.set(source, 8);
    ip.set(frame.source, 24);
  }
  ip.set(payload, header);
  return bytes;
}
