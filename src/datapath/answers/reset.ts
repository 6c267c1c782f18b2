/**
 * A TCP reset for a connection to an address that nobody answers for (RFC 9293 §3.5.2).
 * Neighbours: frame.ts; answerer.ts sends it for services without a provider. Invariant: a reset is never answered by a reset.
 */
import { checksum, pseudoHeader } from './checksum.js';
import { protocols, replyFrame, type IpFrame } from './frame.js';

const flag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

/** Undefined for what must not be answered: a reset, or a header that is not whole. */
export function tcpReset(frame: IpFrame): Uint8Array | undefined {
  const { payload } = frame;
  if (frame.protocol !== protocols.tcp || frame.laterFragment || payload.length < 20) return undefined;
  const segment = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const flags = segment.getUint8(13);
  if ((flags & flag.rst) !== 0) return undefined;
  const reset = new Uint8Array(20);
  const view = new DataView(reset.buffer);
  view.setUint16(0, segment.getUint16(2));
  view.setUint16(2, segment.getUint16(0));
  view.setUint8(12, 5 << 4);
  if ((flags & flag.ack) !== 0) {
    view.setUint32(4, segment.getUint32(8));
    view.setUint8(13, flag.rst);
  } else {
    const counted = (flags & flag.syn ? 1 : 0) + (flags & flag.fin ? 1 : 0);
    const data = frame.payloadLength - 4 * (segment.getUint8(12) >> 4);
    view.setUint32(8, segment.getUint32(4) + data + counted);
    view.setUint8(13, flag.rst | flag.ack);
  }
  const pseudo = pseudoHeader(frame.destination, frame.source, protocols.tcp, reset.length);
  view.setUint16(16, checksum(reset, pseudo));
  return replyFrame(frame, frame.destination, protocols.tcp, reset);
}
