/**
 * A packet as a flow table sees it: header fields and metadata by the registry's names, values as integers.
 * Neighbours: tables.ts matches it, actions.ts changes it, conntrack.ts tracks it, trace.ts words it for a real switch.
 * Invariant: a header field that the packet does not have is absent, and then no match on it succeeds.
 */
import { formatAddress, formatMac, type Address } from '../../src/model/index.js';

export type Fields = Map<string, bigint>;

/** The original direction of a connection. */
export interface Tuple {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly tpSrc: number;
  readonly tpDst: number;
}

export interface Outer {
  readonly vlan?: number;
  readonly tunnel?: { readonly vni: number; readonly source: number };
}

/** What arrives: where, in what, and the frame. */
export interface Frame extends Outer {
  readonly inPort: number;
  readonly ethSrc: Uint8Array;
  readonly ethDst: Uint8Array;
  readonly body: Ip | Arp;
  /** Of the IP packet; small when left out. */
  readonly bytes?: number;
}

export interface Ip {
  readonly kind: 'ip';
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** 64 when left out. */
  readonly ttl?: number;
  readonly tpSrc?: number;
  readonly tpDst?: number;
  readonly icmpType?: number;
  /** The target and the link-layer option of neighbour discovery. */
  readonly nd?: { readonly target: Uint8Array; readonly option: Uint8Array };
  /** An ICMP error quotes a packet: the connection it speaks of, by its original direction. */
  readonly about?: Tuple;
}

export interface Arp {
  readonly kind: 'arp';
  readonly op: 1 | 2;
  readonly spa: number;
  readonly tpa: number;
  readonly sha: Uint8Array;
}

export const proto = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const;

const portedNames: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** The name of a protocol that has ports. */
export const portedName = (protocol: number): string | undefined => portedNames[protocol];
export const ethertype = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
/** Set in vlan_vid of a tagged frame (OpenFlow 1.5 §7.2.3.8). */
export const vlanPresent = 0x1000;

export function big(value: number | Uint8Array): bigint {
  if (typeof value === 'number') return BigInt(value);
  let all = 0n;
  for (const byte of value) all = (all << 8n) | BigInt(byte);
  return all;
}

const isErrorOf: Readonly<Record<number, readonly number[]>> = {
  [proto.icmp]: [3, 11, 12],
  [proto.icmp6]: [1, 2, 3, 4],
};

export function isIcmpError(body: Ip): boolean {
  return isErrorOf[body.protocol]?.includes(body.icmpType ?? -1) ?? false;
}

/** The fields of a frame at the moment it enters the first table. */
export function fieldsOf(frame: Frame): Fields {
  const fields: Fields = new Map([
    ['in_port_oxm', BigInt(frame.inPort)],
    ['packet_type', 0n],
    ['eth_src', big(frame.ethSrc)],
    ['eth_dst', big(frame.ethDst)],
    ['vlan_vid', frame.vlan === undefined ? 0n : BigInt(frame.vlan | vlanPresent)],
  ]);
  if (frame.vlan !== undefined) fields.set('vlan_pcp', 0n);
  if (frame.tunnel) {
    fields.set('tun_id', BigInt(frame.tunnel.vni));
    fields.set('tun_src', BigInt(frame.tunnel.source));
  }
  const { body } = frame;
  if (body.kind === 'arp') {
    const { op, spa, tpa, sha } = body;
    const arp: [string, bigint][] = [
      ['eth_type', BigInt(ethertype.arp)],
      ['arp_op', BigInt(op)],
      ['arp_spa', big(spa)],
      ['arp_tpa', big(tpa)],
      ['arp_sha', big(sha)],
      ['arp_tha', 0n],
    ];
    for (const [name, value] of arp) fields.set(name, value);
    return fields;
  }
  addIp(fields, body);
  return fields;
}

function addIp(fields: Fields, body: Ip): void {
  const v4 = typeof body.source === 'number';
  fields.set('eth_type', BigInt(v4 ? ethertype.ipv4 : ethertype.ipv6));
  fields.set(v4 ? 'ip_src' : 'ipv6_src', big(body.source));
  fields.set(v4 ? 'ip_dst' : 'ipv6_dst', big(body.destination));
  fields.set('nw_proto', BigInt(body.protocol));
  fields.set('nw_ttl', BigInt(body.ttl ?? 64));
  const l4 = portedName(body.protocol);
  if (l4) {
    fields.set(`${l4}_src`, BigInt(body.tpSrc ?? 0));
    fields.set(`${l4}_dst`, BigInt(body.tpDst ?? 0));
  }
  if (body.icmpType !== undefined) {
    const icmp = v4 ? 'icmp' : 'icmpv6';
    fields.set(`${icmp}_type`, BigInt(body.icmpType));
    fields.set(`${icmp}_code`, 0n);
  }
  if (body.nd) {
    fields.set('nd_target', big(body.nd.target));
    fields.set(body.icmpType === 135 ? 'nd_sll' : 'nd_tll', big(body.nd.option));
  }
}

export function tupleOf(body: Ip): Tuple {
  const { source, destination, protocol, tpSrc = 0, tpDst = 0, icmpType } = body;
  // Of ICMP type and code stand for the ports; of SCTP the userspace datapath sees none.
  if (icmpType !== undefined) return { source, destination, protocol, tpSrc: icmpType, tpDst: 0 };
  if (protocol === proto.sctp) return { source, destination, protocol, tpSrc: 0, tpDst: 0 };
  return { source, destination, protocol, tpSrc, tpDst };
}

/** For messages of failed tests. */
export function frameText(frame: Frame): string {
  const outer = frame.tunnel
    ? ` vni ${frame.tunnel.vni} from ${formatAddress(frame.tunnel.source)}`
    : frame.vlan === undefined
      ? ''
      : ` vlan ${frame.vlan}`;
  const { body } = frame;
  const inner =
    body.kind === 'arp'
      ? `arp op ${body.op} ${formatAddress(body.spa)} asks ${formatAddress(body.tpa)}`
      : `${formatAddress(body.source)}→${formatAddress(body.destination)} proto ${body.protocol} ` +
        `${body.tpSrc ?? ''}→${body.tpDst ?? ''} icmp ${body.icmpType ?? '-'}`;
  return `port ${frame.inPort}${outer} ${formatMac(frame.ethSrc)}→${formatMac(frame.ethDst)} ${inner}`;
}
