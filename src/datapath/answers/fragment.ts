/**
 * An IPv4 packet cut into fragments (RFC 791 §3.2), as a router does for a way that takes smaller ones only.
 * Neighbours: frame.ts reads the packet; answerer.ts sends the fragments on. Invariant: a packet that says so is never cut.
 */
import { checksum } from './checksum.js';
import type { IpFrame } from './frame.js';

const ethernetHeader = 14;
const ipHeader = 20;
const flag = { dontFragment: 0x4000, moreFragments: 0x2000 } as const;
const offsetMask = 0x1fff;

/**
 * Whether a packet is cut, and not its sender told. Of a fragment that others follow, the last piece would be short, and connection tracking of the
 * userspace datapath takes only a whole packet's last fragment for less than 1,200 bytes (ovs-vswitchd(8), dpctl/ipf-set-min-frag).
 */
export function mayFragment({ family, packet }: IpFrame): boolean {
  return family === 4 && ((packet[6]! << 8) & (flag.dontFragment | flag.moreFragments)) === 0;
}

/**
 * Whole frames of at most `mtu` bytes of IP packet each. None of a packet that is not there as a whole, or that has options: some of
 * them go into every fragment and some into the first (RFC 791 §3.1), and nobody sends them.
 */
export function fragments(frame: IpFrame, mtu: number): Uint8Array[] {
  const { packet, payload, payloadLength } = frame;
  if (packet[0] !== 0x45 || payload.length < payloadLength) return [];
  const most = (mtu - ipHeader) & ~7;
  if (most <= 0) return [];
  const where = (packet[6]! << 8) | packet[7]!;
  const cut: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const part = payload.subarray(at, at + most);
    const isLast = at + most >= payload.length;
    const bytes = new Uint8Array(ethernetHeader + ipHeader + part.length);
    const view = new DataView(bytes.buffer);
    bytes.set(frame.destinationMac, 0);
    bytes.set(frame.sourceMac, 6);
    view.setUint16(12, 0x0800);
    bytes.set(packet.subarray(0, ipHeader), ethernetHeader);
    view.setUint16(16, ipHeader + part.length);
    view.setUint16(20, (isLast ? 0 : flag.moreFragments) | ((where & offsetMask) + at / 8));
    view.setUint16(24, 0);
    view.setUint16(24, checksum(bytes.subarray(ethernetHeader, ethernetHeader + ipHeader)));
    bytes.set(part, ethernetHeader + ipHeader);
    cut.push(bytes);
  }
  return cut;
}
