// What a match says about the packet, as far as prerequisites of fields and actions depend on it.
// Neighbours: match/items.ts gathers facts before anything is placed; actions/ check against them.
// Invariant: the conditions are vswitchd's own, so that what passes here is not refused with BAD_PREREQ or MATCH_INCONSISTENT.

import { FlowError } from '../errors.js';
import type { Field, Prerequisite } from '../fields/field.js';

export interface Facts {
  /** Nothing is known and nothing is demanded: buckets of a group, which any flow may use. */
  readonly any: boolean;
  readonly dlType: number | undefined;
  readonly nwProto: number | undefined;
  /** Only fragments without a transport header are matched. */
  readonly laterFragment: boolean;
  readonly icmpType: number | undefined;
  readonly icmpCode: number | undefined;
  /** Value and mask; mask 0 when not matched. */
  readonly ctState: number;
  readonly ctStateMask: number;
  /** The original tuple's protocol is matched. */
  readonly ctProto: boolean;
  /** The packet is known to carry a VLAN tag. */
  readonly vlan: boolean;
  /** The table of the flow where it is constant. */
  readonly table: number | undefined;
}

export const noFacts: Facts = {
  any: false,
  dlType: undefined,
  nwProto: undefined,
  laterFragment: false,
  icmpType: undefined,
  icmpCode: undefined,
  ctState: 0,
  ctStateMask: 0,
  ctProto: false,
  vlan: false,
  table: undefined,
};

/** For actions outside any flow. */
export const anyPacket: Facts = { ...noFacts, any: true };

export const ethertype = {
  ipv4: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsm: 0x8848,
} as const;
export const protocol = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const;

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

/** The packet has a transport header of that protocol. */
function carries(facts: Facts, name: keyof typeof protocol): boolean {
  return facts.nwProto === protocol[name] && !facts.laterFragment;
}

function isNeighbour(facts: Facts, ...types: number[]): boolean {
  const { icmpType, icmpCode } = facts;
  const isIcmp6 = facts.dlType === ethertype.ipv6 && carries(facts, 'icmp6');
  return isIcmp6 && icmpType !== undefined && types.includes(icmpType) && (icmpCode ?? 0) === 0;
}

interface Rule {
  holds(facts: Facts): boolean;
  /** What to add to the flow. */
  readonly wants: string;
}

const notLater = ', and not nw_frag=later';

function transport(name: 'tcp' | 'udp' | 'sctp'): Rule {
  return { holds: (f) => isIp(f) && carries(f, name), wants: `${name} or ${name}6 in the match${notLater}` };
}

const trackedStates = 'ct_state=+trk-inv (or +new, +est, +rel, +rpl)';
const solicit = 135;
const advert = 136;

const rules: Readonly<Record<Prerequisite, Rule>> = {
  none: { holds: () => true, wants: 'nothing' },
  vlan: {
    holds: (f) => f.vlan,
    wants: 'a VLAN tag in the match (dl_vlan=… or vlan_tci=0x1000/0x1000) or push_vlan before it',
  },
  mpls: {
    holds: (f) => f.dlType === ethertype.mpls || f.dlType === ethertype.mplsm,
    wants: 'mpls or mplsm in the match',
  },
  ipv4: { holds: (f) => f.dlType === ethertype.ipv4, wants: 'ip in the match' },
  ipv6: { holds: (f) => f.dlType === ethertype.ipv6, wants: 'ipv6 in the match' },
  ip: { holds: isIp, wants: 'ip or ipv6 in the match' },
  arp: { holds: isArp, wants: 'arp or rarp in the match' },
  tcp: transport('tcp'),
  udp: transport('udp'),
  sctp: transport('sctp'),
  icmp4: { holds: (f) => f.dlType === ethertype.ipv4 && carries(f, 'icmp'), wants: 'icmp in the match' },
  icmp6: { holds: (f) => f.dlType === ethertype.ipv6 && carries(f, 'icmp6'), wants: 'icmp6 in the match' },
  nd: {
    holds: (f) => isNeighbour(f, solicit, advert),
    wants: 'icmp6, icmp_type=135 or 136, icmp_code=0 in the match',
  },
  'nd-solicit': { holds: (f) => isNeighbour(f, solicit), wants: 'icmp6, icmp_type=135, icmp_code=0 in the match' },
  'nd-advert': { holds: (f) => isNeighbour(f, advert), wants: 'icmp6, icmp_type=136, icmp_code=0 in the match' },
  ct: { holds: isTracked, wants: `${trackedStates} in the match` },
  'ct-ipv4': {
    holds: (f) => isTracked(f) && f.dlType === ethertype.ipv4,
    wants: `ip and ${trackedStates} in the match`,
  },
  'ct-ipv6': {
    holds: (f) => isTracked(f) && f.dlType === ethertype.ipv6,
    wants: `ipv6 and ${trackedStates} in the match`,
  },
  // Without the protocol the switch takes the port and forgets it: the flow would match any port.
  'ct-port': { holds: (f) => isTracked(f) && f.ctProto, wants: `ct_nw_proto=… and ${trackedStates} in the match` },
};

export function requireFacts(prerequisite: Prerequisite, facts: Facts, name: string): void {
  const rule = rules[prerequisite];
  if (!facts.any && !rule.holds(facts)) throw new FlowError(`${name} needs ${rule.wants}`, { field: name });
}

export function requireField(field: Field, facts: Facts): void {
  requireFacts(field.prerequisite, facts, field.name);
}
