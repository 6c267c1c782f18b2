/**
 * A stand-in for connection tracking: which connections are remembered, and what that makes of a packet (ovs-fields(7), ct_state).
 * Neighbours: machine.ts asks it at `ct` actions.
 * Invariant: the original tuple is that of the direction which was committed, or of the packet itself when it is new.
 */
import { formatAddress } from '../../src/model/index.js';
import { isIcmpError, proto, tupleOf, type Ip, type Tuple } from './packet.js';

export const ctState = { new: 0x01, est: 0x02, rel: 0x04, rpl: 0x08, inv: 0x10, trk: 0x20 } as const;

export interface Tracked {
  readonly state: number;
  readonly tuple: Tuple;
}

/** Questions of ICMP and their answers: echo and timestamp, and echo of ICMPv6. */
const questions: readonly (readonly [question: number, answer: number])[] = [
  [8, 0],
  [13, 14],
  [128, 129],
];
const counterparts = new Map(
  questions.flatMap(([q, a]) => [
    [q, a],
    [a, q],
  ]),
);

export function turned(tuple: Tuple): Tuple {
  const { source, destination, protocol, tpSrc, tpDst } = tuple;
  const ends = { source: destination, destination: source, protocol };
  if (protocol === proto.icmp || protocol === proto.icmp6) {
    return { ...ends, tpSrc: counterparts.get(tpSrc) ?? tpSrc, tpDst };
  }
  return { ...ends, tpSrc: tpDst, tpDst: tpSrc };
}

function key(zone: number, tuple: Tuple): string {
  const { source, destination, protocol, tpSrc, tpDst } = tuple;
  return `${zone} ${formatAddress(source)} ${formatAddress(destination)} ${protocol} ${tpSrc} ${tpDst}`;
}

/** Questions open a connection, their answers belong to one. */
const opens = new Set(questions.map(([question]) => question));

export class Conntrack {
  readonly #original = new Set<string>();

  /** The connection is remembered, as if its first packet had been committed. */
  remember(zone: number, tuple: Tuple): void {
    this.#original.add(key(zone, tuple));
  }

  has(zone: number, tuple: Tuple): boolean {
    return this.#original.has(key(zone, tuple));
  }

  track(zone: number, body: Ip): Tracked {
    const tuple = tupleOf(body);
    if (isIcmpError(body)) return this.#related(zone, body, tuple);
    if (this.has(zone, tuple)) return { state: ctState.trk | ctState.est, tuple };
    if (this.has(zone, turned(tuple))) return { state: ctState.trk | ctState.est | ctState.rpl, tuple: turned(tuple) };
    const icmp = body.protocol === proto.icmp || body.protocol === proto.icmp6;
    const opener = !icmp || opens.has(body.icmpType ?? -1);
    return { state: ctState.trk | (opener ? ctState.new : ctState.inv), tuple };
  }

  /** An error quotes a packet of the connection; it travels against the quoted direction. */
  #related(zone: number, body: Ip, tuple: Tuple): Tracked {
    if (!body.about || !this.has(zone, body.about)) return { state: ctState.trk | ctState.inv, tuple };
    const back = formatAddress(body.destination) === formatAddress(body.about.source);
    return { state: ctState.trk | ctState.rel | (back ? ctState.rpl : 0), tuple: body.about };
  }
}
