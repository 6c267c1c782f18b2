/**
 * Answers the packets that the switch hands over, by the first byte of their userdata (`punt` of the pipeline's layout).
 * Neighbours: icmp.ts and reset.ts build the answers, fragment.ts cuts what is too big, denied-log.ts writes of the denied; packet-desk.ts owns it and the lane.
 * Invariant: an answer goes back the way its packet came, or there is none; nothing here waits, and each sender is bounded.
 */
import { formatAddress, ownerKey, type Network, type State } from '../../model/index.js';
import type { PacketIn } from '../../native/index.js';
import type { RegRange } from '../../openflow/index.js';
import { toPeer, toPort, toRoute, toUplink } from '../../pipeline/inject.js';
import { origin, punt, reg } from '../../pipeline/layout.js';
import { fragments, mayFragment } from './fragment.js';
import { readFrame, type IpFrame } from './frame.js';
import { icmpError, mayAnswer, type IcmpError } from './icmp.js';
import { Limiter } from './limiter.js';
import { tcpReset } from './reset.js';

export interface AnswererParts {
  state(): State;
  /** Microseconds, monotonic. */
  readonly clock: () => number;
  /** Send a frame by a flow of src/pipeline/inject.ts. */
  send(flow: Uint8Array, frame: Uint8Array): void;
  denied(packet: PacketIn, frame: IpFrame | undefined): void;
}

export interface AnswerCounts {
  answered: number;
  /** Sent on in fragments. */
  fragmented: number;
  /** Neither, because the same port had asked too often. */
  limited: number;
  /** Neither, because nobody may be answered, or nothing can be made of the packet. */
  ignored: number;
}

/** Answers a second to one port, and at once. */
const perSecond = 100;
const burst = 100;

function valueOf(range: RegRange, registers: readonly number[]): number {
  const value = registers[range.register] ?? 0;
  return range.width === 32 ? value : (value >>> range.start) & (2 ** range.width - 1);
}

/** An IPv4 address as its bytes. */
export function addressBytes(address: number | Uint8Array): Uint8Array {
  if (typeof address !== 'number') return address;
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

export class Answerer {
  readonly counts: AnswerCounts = { answered: 0, fragmented: 0, limited: 0, ignored: 0 };
  readonly #parts: AnswererParts;
  readonly #limiter = new Limiter(perSecond, burst);

  constructor(parts: AnswererParts) {
    this.#parts = parts;
  }

  heard(packet: PacketIn): void {
    const [purpose] = packet.userdata;
    const frame = readFrame(packet.packet);
    if (purpose === punt.denied) return this.#parts.denied(packet, frame);
    if (purpose === punt.tooBig && frame && mayFragment(frame)) return this.#cut(packet, frame);
    const answer = frame && this.#answer(purpose, packet, frame);
    const way = this.#wayBack(packet);
    if (answer === undefined || way === undefined) this.counts.ignored++;
    else if (!this.#limiter.take(packet.inPort, this.#parts.clock())) this.counts.limited++;
    else {
      this.counts.answered++;
      this.#parts.send(way, answer);
    }
  }

  /** Nobody but the router can do it for a sender that has not asked to be told. */
  #cut(packet: PacketIn, frame: IpFrame): void {
    const cut = fragments(frame, valueOf(reg.mtu, packet.registers));
    if (cut.length === 0) this.counts.ignored++;
    else if (!this.#limiter.take(packet.inPort, this.#parts.clock())) this.counts.limited++;
    else {
      this.counts.fragmented++;
      const way = toRoute(packet.inPort, (range) => valueOf(range, packet.registers));
      for (const fragment of cut) this.#parts.send(way, fragment);
    }
  }

  #answer(purpose: number | undefined, packet: PacketIn, frame: IpFrame): Uint8Array | undefined {
    if (purpose === punt.timeExceeded) return this.#fromGateway(packet, frame, { kind: 'timeExceeded' });
    if (purpose === punt.tooBig) {
      const mtu = valueOf(reg.mtu, packet.registers);
      return mtu === 0 ? undefined : this.#fromGateway(packet, frame, { kind: 'tooBig', mtu });
    }
    if (purpose !== punt.noProvider || !mayAnswer(frame)) return undefined;
    return frame.protocol === 6 ? tcpReset(frame) : icmpError(frame, frame.destination, { kind: 'portUnreachable' });
  }

  /** From the gateway of the sender's network, or not at all: nobody believes an error from an address that is not there. */
  #fromGateway(packet: PacketIn, frame: IpFrame, error: IcmpError): Uint8Array | undefined {
    const network = this.#network(packet);
    const gateway = frame.family === 4 ? network?.gateway : network?.ipv6Gateway;
    return gateway === undefined || !mayAnswer(frame) ? undefined : icmpError(frame, addressBytes(gateway), error);
  }

  #network({ registers }: PacketIn): Network | undefined {
    const state = this.#parts.state();
    const ref = state.byOwner(ownerKey('network', valueOf(reg.network, registers)));
    return ref && state.networks.get(ref.key);
  }

  #wayBack(packet: PacketIn): Uint8Array | undefined {
    const network = valueOf(reg.network, packet.registers);
    switch (valueOf(reg.origin, packet.registers)) {
      case origin.uplink:
        return toUplink(network);
      case origin.tunnel: {
        const { tunnelSource } = packet;
        const peer = tunnelSource && this.#parts.state().peers.get(formatAddress(peerAddress(tunnelSource)));
        return peer && toPeer(network, peer.id);
      }
      default:
        return packet.inPort === 0 ? undefined : toPort(packet.inPort);
    }
  }
}

function peerAddress(bytes: Uint8Array): number | Uint8Array {
  if (bytes.length !== 4) return bytes;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
