// What a match says about the packet, as far as prerequisites of fields and actions depend on it.
// Neighbours: match/items.ts gathers facts before anything is placed; actions/ check against them.
// Invariant: the conditions are vswitchd's own, so that what passes here is not refused with BAD_PREREQ or MATCH_INCONSISTENT.

import { FlowError } from '../errors.js';
import type { Field, Prerequisite } from '../fields/field.js';

export interface Facts {
  readonly dlType: number | undefined;
  readonly nwProto: number | undefined;
  readonly icmpType: number | undefined;
  readonly icmpCode: number | undefined;
  /** Value and mask; mask 0 when not matched. */
  readonly ctState: number;
  readonly ctStateMask: number;
  /** The packet is known to carry a VLAN tag. */
  readonly vlan: boolean;
  /** The table of the flow where it is constant. */
  readonly table: number | undefined;
}

export const noFacts: Facts = {
  dlType: undefined,
  nwProto: undefined,
  icmpType: undefined,
  icmpCode: undefined,
  ctState: 0,
  ctStateMask: 0,
  vlan: false,
  table: undefined,
};

export const ethertype = {
  ipv4: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsm: 0x8848,
} as const;
export const protocol = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const;

const trk = 0x20;
const inv = 0x10;
const impliesTracked = 0x01 | 0x02 | 0x04 | 0x08 | 0x40 | 0x80;

export function isIp(facts: Facts): boolean {
  return facts.dlType === ethertype.ipv4 || facts.dlType === ethertype.ipv6;
}

export function isArp(facts: Facts): boolean {
  return facts.dlType === ethertype.arp || facts.dlType === ethertype.rarp;
}

/** The original tuple is there: a state that implies an entry, or tracked and explicitly not invalid. */
export function isTracked(facts: Facts): boolean {
  if ((facts.ctState & impliesTracked) !== 0) return true;
  return (facts.ctState & trk) !== 0 && (facts.ctStateMask & inv) !== 0 && (facts.ctState & inv) === 0;
}

function isNeighbour(facts: Facts, type?: number): boolean {
  const known = type === undefined ? facts.icmpType === 135 || facts.icmpType === 136 : facts.icmpType === type;
  return holds('icmp6', facts) && known && (facts.icmpCode ?? 0) === 0;
}

export function holds(prerequisite: Prerequisite, facts: Facts): boolean {
  switch (prerequisite) {
    case 'none':
      return true;
    case 'vlan':
      return facts.vlan;
    case 'mpls':
      return facts.dlType === ethertype.mpls || facts.dlType === ethertype.mplsm;
    case 'ipv4':
      return facts.dlType === ethertype.ipv4;
    case 'ipv6':
      return facts.dlType === ethertype.ipv6;
    case 'ip':
      return isIp(facts);
    case 'arp':
      return isArp(facts);
    case 'tcp':
    case 'udp':
    case 'sctp':
      return isIp(facts) && facts.nwProto === protocol[prerequisite];
    case 'icmp4':
      return facts.dlType === ethertype.ipv4 && facts.nwProto === protocol.icmp;
    case 'icmp6':
      return facts.dlType === ethertype.ipv6 && facts.nwProto === protocol.icmp6;
    case 'nd':
      return isNeighbour(facts);
    case 'nd-solicit':
      return isNeighbour(facts, 135);
    case 'nd-advert':
      return isNeighbour(facts, 136);
    case 'ct':
      return isTracked(facts);
    case 'ct-ipv4':
      return isTracked(facts) && facts.dlType === ethertype.ipv4;
    case 'ct-ipv6':
      return isTracked(facts) && facts.dlType === ethertype.ipv6;
  }
}

const wanted: Readonly<Record<Prerequisite, string>> = {
  none: '',
  vlan: 'a VLAN tag in the match (dl_vlan=… or vlan_tci=0x1000/0x1000) or push_vlan before it',
  mpls: 'mpls or mplsm in the match',
  ipv4: 'ip in the match',
  ipv6: 'ipv6 in the match',
  ip: 'ip or ipv6 in the match',
  arp: 'arp or rarp in the match',
  tcp: 'tcp or tcp6 in the match',
  udp: 'udp or udp6 in the match',
  sctp: 'sctp or sctp6 in the match',
  icmp4: 'icmp in the match',
  icmp6: 'icmp6 in the match',
  nd: 'icmp6, icmp_type=135 or 136, icmp_code=0 in the match',
  'nd-solicit': 'icmp6, icmp_type=135, icmp_code=0 in the match',
  'nd-advert': 'icmp6, icmp_type=136, icmp_code=0 in the match',
  ct: 'ct_state=+trk-inv (or +new, +est, +rel, +rpl) in the match',
  'ct-ipv4': 'ip and ct_state=+trk-inv (or +new, +est, +rel, +rpl) in the match',
  'ct-ipv6': 'ipv6 and ct_state=+trk-inv (or +new, +est, +rel, +rpl) in the match',
};

export function requireFacts(prerequisite: Prerequisite, facts: Facts, name: string): void {
  if (!holds(prerequisite, facts)) throw new FlowError(`${name} needs ${wanted[prerequisite]}`, { field: name });
}

export function requireField(field: Field, facts: Facts): void {
  requireFacts(field.prerequisite, facts, field.name);
}
