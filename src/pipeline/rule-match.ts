/**
 * The two halves of what a rule matches: which service, and which addresses of the peer.
 * Neighbours: policy.ts multiplies or conjoins them. Invariant: the parts of a half are disjoint.
 */
import type { Cidr, Rule } from '../model/index.js';
import { m, prefix, type Fragment } from '../openflow/index.js';
import { portMasks } from './port-masks.js';

/** One part of a half. */
export interface Part {
  readonly match: Fragment | undefined;
  /** The family that it implies, if any. */
  readonly family?: 4 | 6;
  /** Without the family, for a service that brings its own. */
  readonly bare?: Fragment;
}

const icmp = 1;
const icmp6 = 58;
const sctp = 132;
const protocolNumber = { tcp: 6, udp: 17, sctp } as const;
const anywhere: readonly Part[] = [{ match: undefined }];
const anything: readonly Part[] = [{ match: m`ct_state=+trk-inv` }];

const part = (match: Fragment): Part => ({ match });

/** One for each block of ports. The state that says the tuple is there is among it: SCTP's own ports ask for more of it. */
export function servicesOf(rule: Rule): readonly Part[] {
  const { protocol } = rule;
  if (protocol === undefined) return anything;
  if (rule.icmp !== undefined && typeof protocol === 'number') {
    // In an original tuple the ports of ICMP are its type and code (ovs-fields(7), ct_tp_src).
    const { type, code } = rule.icmp;
    if (code === undefined) return [part(m`ct_state=+trk-inv, ct_nw_proto=${protocol}, ct_tp_src=${type}`)];
    return [part(m`ct_state=+trk-inv, ct_nw_proto=${protocol}, ct_tp_src=${type}, ct_tp_dst=${code}`)];
  }
  if (protocol === 'icmp') return [icmp, icmp6].map((each) => part(m`ct_state=+trk-inv, ct_nw_proto=${each}`));
  const number = typeof protocol === 'number' ? protocol : protocolNumber[protocol];
  if (rule.ports.length === 0) return [part(m`ct_state=+trk-inv, ct_nw_proto=${number}`)];
  if (number === sctp) return sctpPorts(rule);
  const [first] = rule.ports;
  if (rule.ports.length === 1 && first?.from === first?.to) {
    return [part(m`ct_state=+trk-inv, ct_nw_proto=${number}, ct_tp_dst=${first?.from}`)]; // by far the most rules
  }
  return rule.ports
    .flatMap(portMasks)
    .map((port) => part(m`ct_state=+trk-inv, ct_nw_proto=${number}, ct_tp_dst=${port}`));
}

/** The userspace datapath tracks SCTP by addresses alone, so each packet is judged by its own ports, replies by their source. */
function sctpPorts(rule: Rule): Part[] {
  return rule.ports.flatMap(portMasks).flatMap((port): Part[] => [
    { match: m`ct_state=+trk-inv-rpl, sctp, tp_dst=${port}`, family: 4 },
    { match: m`ct_state=+trk-inv+rpl, sctp, tp_src=${port}`, family: 4 },
    { match: m`ct_state=+trk-inv-rpl, sctp6, tp_dst=${port}`, family: 6 },
    { match: m`ct_state=+trk-inv+rpl, sctp6, tp_src=${port}`, family: 6 },
  ]);
}

/** One for each prefix, on the side of the connection where the peer is. */
export function addressesOf(rule: Rule): readonly Part[] {
  const { cidrs } = rule.peer;
  return cidrs.length === 0 ? anywhere : cidrs.map((cidr) => addressOf(rule.direction === 'in', cidr));
}

function addressOf(inbound: boolean, { address, length }: Cidr): Part {
  if (typeof address === 'number') {
    const value = prefix(address, length);
    const bare = inbound ? m`ct_nw_src=${value}` : m`ct_nw_dst=${value}`;
    return { match: m`ip, ${bare}`, bare, family: 4 };
  }
  const value = prefix(address, length);
  const bare = inbound ? m`ct_ipv6_src=${value}` : m`ct_ipv6_dst=${value}`;
  return { match: m`ipv6, ${bare}`, bare, family: 6 };
}

/** Both in one match; undefined when their families differ. */
export function join(address: Part, service: Part): Fragment | undefined {
  if (address.family === undefined) return service.match;
  if (service.family === undefined) return m`${service.match}, ${address.match}`;
  return service.family === address.family ? m`${service.match}, ${address.bare}` : undefined;
}
