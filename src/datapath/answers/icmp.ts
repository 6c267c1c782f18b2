/**
 * ICMP errors about a packet: time exceeded, too big, port unreachable (RFC 792, 1191, 4443).
 * Neighbours: frame.ts reads and writes the packets around them; answerer.ts decides on them.
 * Invariant: no error is ever sent about an error, a later fragment, or anything that went to or came from more than one
 * (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)).
 */
import { checksum, pseudoHeader } from './checksum.js';
import { protocols, replyFrame, type IpFrame } from './frame.js';

export type IcmpError =
  { readonly kind: 'timeExceeded' | 'portUnreachable' } | { readonly kind: 'tooBig'; readonly mtu: number };

/** Type and code by family. */
const numbers = {
  timeExceeded: { 4: [11, 0], 6: [3, 0] },
  portUnreachable: { 4: [3, 3], 6: [1, 4] },
  tooBig: { 4: [3, 4], 6: [2, 0] },
} as const;

/** How long an error may be: 576 bytes (RFC 1812 §4.3.2.3), or the IPv6 minimum MTU. */
const longest = { 4: 576, 6: 1280 } as const;
const ipHeader = { 4: 20, 6: 40 } as const;

/** ICMP types that are errors themselves, or redirects. */
const errors4 = new Set([3, 4, 5, 11, 12]);

function isIcmpError({ family, protocol, payload }: IpFrame): boolean {
  const type = payload[0];
  if (family === 4) return protocol === protocols.icmp && (type === undefined || errors4.has(type));
  return protocol === protocols.icmp6 && (type === undefined || type < 128 || type === 137);
}

/** Stands for exactly one host: neither unspecified, loopback, multicast nor broadcast. */
function isOneHost(address: Uint8Array): boolean {
  const [first = 0] = address;
  if (address.length === 4) return first !== 0 && first !== 127 && first < 224;
  return first !== 0xff && address.some((byte, i) => byte > (i === 15 ? 1 : 0));
}

/** Whether an ICMP error may be sent about a packet at all. */
export function mayAnswer(frame: IpFrame): boolean {
  const toMany = (frame.destinationMac[0]! & 1) !== 0 || !isOneHost(frame.destination);
  return !toMany && isOneHost(frame.source) && !frame.laterFragment && !isIcmpError(frame);
}

/** The frame that tells the sender of `frame` from `source`, an address of the packet's family. */
export function icmpError(frame: IpFrame, source: Uint8Array, error: IcmpError): Uint8Array {
  const { family } = frame;
  const quoted = frame.packet.subarray(0, longest[family] - ipHeader[family] - 8);
  const message = new Uint8Array(8 + quoted.length);
  const view = new DataView(message.buffer);
  const [type, code] = numbers[error.kind][family];
  view.setUint8(0, type);
  view.setUint8(1, code);
  // IPv4 keeps it in the lower half (RFC 1191 §4), IPv6 in all of the word (RFC 4443 §3.2).
  if (error.kind === 'tooBig') view.setUint32(4, error.mtu);
  message.set(quoted, 8);
  const protocol = family === 4 ? protocols.icmp : protocols.icmp6;
  const pseudo = family === 4 ? 0 : pseudoHeader(source, frame.source, protocol, message.length);
  view.setUint16(2, checksum(message, pseudo));
  return replyFrame(frame, source, protocol, message);
}
