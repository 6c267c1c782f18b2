/**
 * Policy: every rule is one flow for each policy set that contains it (times its CIDRs and ports).
 * Neighbours: conntrack.ts turned the connection's first direction up; source.ts numbered the policy sets.
 * Invariant: matches only the original tuple and the registers, so one flow judges both directions and both families.
 */
import type { Cidr, Rule } from '../model/index.js';
import { m, prefix, type Flows, type Fragment, type TableRef } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { reg, rulePriority, t } from './layout.js';
import { portMasks } from './port-masks.js';
import { isAudit, policySetsOf, type World } from './world.js';

const icmp = 1;
const icmp6 = 58;
const anywhere = [undefined];
const protocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;

/** The protocol half of a rule's matches: one for each block of ports; none for `any`, which matches everything. */
function services(rule: Rule): (Fragment | undefined)[] {
  const { protocol } = rule;
  if (protocol === undefined) return [undefined];
  if (rule.icmp !== undefined && typeof protocol === 'number') {
    // In an original tuple the ports of ICMP are its type and code (ovs-fields(7), ct_tp_src).
    const { type, code } = rule.icmp;
    if (code === undefined) return [m`ct_nw_proto=${protocol}, ct_tp_src=${type}`];
    return [m`ct_nw_proto=${protocol}, ct_tp_src=${type}, ct_tp_dst=${code}`];
  }
  if (protocol === 'icmp') return [m`ct_nw_proto=${icmp}`, m`ct_nw_proto=${icmp6}`];
  const number = typeof protocol === 'number' ? protocol : protocolNumber[protocol];
  if (rule.ports.length === 0) return [m`ct_nw_proto=${number}`];
  const [first] = rule.ports;
  if (rule.ports.length === 1 && first?.from === first?.to) {
    return [m`ct_nw_proto=${number}, ct_tp_dst=${first?.from}`]; // by far the most rules
  }
  return rule.ports.flatMap(portMasks).map((port) => m`ct_nw_proto=${number}, ct_tp_dst=${port}`);
}

/** The CIDR half of the peer, on the side of the connection where the peer is. */
function peerAddress(rule: Rule, cidr: Cidr): Fragment {
  const inbound = rule.direction === 'in';
  if (typeof cidr.address === 'number') {
    const value = prefix(cidr.address, cidr.length);
    return inbound ? m`ip, ct_nw_src=${value}` : m`ip, ct_nw_dst=${value}`;
  }
  const value = prefix(cidr.address, cidr.length);
  return inbound ? m`ipv6, ct_ipv6_src=${value}` : m`ipv6, ct_ipv6_dst=${value}`;
}

/** The object half of the peer: a group, or the endpoints of a network, which stands alone. */
function peerObject(w: World, rule: Rule): Fragment | undefined {
  const { group, network } = rule.peer;
  if (group !== undefined) {
    const id = w.state.groups.get(group)?.id;
    if (id === undefined) throw new Error(`rule ${rule.key} names group ${group}, which the state does not have`);
    return rule.direction === 'in' ? m`${reg.sourceGroup}=${id}` : m`${reg.destinationGroup}=${id}`;
  }
  if (network !== undefined) {
    const id = w.state.networks.get(network)?.id;
    if (id === undefined) throw new Error(`rule ${rule.key} names network ${network}, which the state does not have`);
    return rule.direction === 'in' ? m`${reg.sourceNetwork}=${id}` : m`${reg.destinationNetwork}=${id}`;
  }
  return undefined;
}

/** Where rules are looked up, and where a packet goes on from there. */
interface Place {
  readonly table: TableRef;
  readonly next: TableRef;
  /** An audited rule only counts: whatever its action, the packet goes on. */
  readonly decides: boolean;
}

/** Joint, both directions are one list, and the tables of the out-rules are empty. */
function placeOf(w: World, direction: 'in' | 'out', audited: boolean): Place {
  const apart = direction === 'out' && w.state.settings.policyMode === 'both-sides';
  if (audited) return { table: apart ? t.auditOut : t.audit, next: apart ? t.audit : t.policyOut, decides: false };
  return { table: apart ? t.policyOut : t.policy, next: apart ? t.policy : t.commit, decides: true };
}

function ruleFlow(
  f: Flows,
  rule: Rule,
  { table, next, decides }: Place,
  set: number,
  object: Fragment | undefined,
  address: Fragment | undefined,
  service: Fragment | undefined,
): void {
  const own = rule.direction === 'in' ? m`${reg.destinationSet}=${set}` : m`${reg.sourceSet}=${set}`;
  const priority = rulePriority(rule.priority, rule.action);
  if (rule.action === 'allow' || !decides) {
    f.add`table=${table}, priority=${priority}, ct_state=+trk-inv, ${own}, ${object}, ${address}, ${service},
      actions=goto_table:${next}`;
  } else {
    f.add`table=${table}, priority=${priority}, ct_state=+trk-inv, ${own}, ${object}, ${address}, ${service}, actions=drop`;
  }
}

export const policy: Feature = {
  rule(f, w, rule) {
    const place = placeOf(w, rule.direction, isAudit(w, rule.policy));
    const object = peerObject(w, rule);
    const addresses = rule.peer.cidrs.length === 0 ? anywhere : rule.peer.cidrs.map((c) => peerAddress(rule, c));
    const wanted = services(rule);
    for (const set of policySetsOf(w, rule.policy)) {
      for (const address of addresses) {
        for (const service of wanted) {
          // ICMPv6 never travels in IPv4 nor ICMP in IPv6; such a flow is only noise, but a harmless one.
          ruleFlow(f, rule, place, set, object, address, service);
        }
      }
    }
  },

  /** A default of deny counts as a rule of priority 0 in both directions. */
  group(f, w, g) {
    if (g.defaultAction !== 'deny') return;
    const priority = rulePriority(0, 'deny');
    f.add`table=${t.policy}, priority=${priority}, ct_state=+trk-inv, ${reg.destinationSet}=${g.policySet}, actions=drop`;
    const { table } = placeOf(w, 'out', false);
    f.add`table=${table}, priority=${priority}, ct_state=+trk-inv, ${reg.sourceSet}=${g.policySet}, actions=drop`;
  },
};
