/**
 * Connection tracking: what is tracked, what is exempt, which way round a connection is judged, and what is remembered.
 * Neighbours: destination.ts before; policy.ts judges; dscp.ts gets what was let through, deliver.ts what is never judged.
 */
import { a, m, masked, type Flows } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { connection, origin, prio, reg, t } from './layout.js';

/** ICMPv6 that makes a link work: router and neighbour discovery, MLD (RFC 4861, 2710, 3810). */
const linkIcmp6 = [130, 131, 132, 133, 134, 135, 136, 137, 143];

const families = [m`ip`, m`ipv6`];

export const conntrack: Feature = {
  system(f, { state: { settings } }) {
    f.add`table=${t.conntrack}, priority=${prio.usual}, ip, actions=ct(table=${t.orient},zone=${reg.zone})`;
    f.add`table=${t.conntrack}, priority=${prio.usual}, ipv6, actions=ct(table=${t.orient},zone=${reg.zone})`;
    f.add`table=${t.conntrack}, priority=${prio.usual}, arp, actions=goto_table:${t.deliver}`;
    for (const type of linkIcmp6) {
      f.add`table=${t.conntrack}, priority=${prio.exempt}, icmp6, icmp_type=${type}, actions=goto_table:${t.deliver}`;
    }
    f.add`table=${t.conntrack}, priority=${prio.exempt}, ip, nw_proto=2, actions=goto_table:${t.deliver}`;
    f.add`table=${t.conntrack}, priority=${prio.exempt}, udp, tp_src=68, tp_dst=67, actions=goto_table:${t.deliver}`;
    f.add`table=${t.conntrack}, priority=${prio.exempt}, udp6, tp_src=546, tp_dst=547, actions=goto_table:${t.deliver}`;
    // A server's answers come from outside; an endpoint that plays the server is judged like any other.
    for (const outside of [origin.tunnel, origin.uplink]) {
      f.add`table=${t.conntrack}, priority=${prio.exempt}, udp, ${reg.origin}=${outside}, tp_src=67, tp_dst=68,
        actions=goto_table:${t.deliver}`;
      f.add`table=${t.conntrack}, priority=${prio.exempt}, udp6, ${reg.origin}=${outside}, tp_src=547, tp_dst=546,
        actions=goto_table:${t.deliver}`;
    }

    f.add`table=${t.orient}, priority=${prio.exempt}, ct_state=+inv+trk, actions=drop`;
    related(f);
    fragments(f);
    f.add`table=${t.orient}, priority=${prio.usual}, ct_state=+rpl+trk, actions=${exchange}, goto_table:${t.auditOut}`;
    f.add`table=${t.orient}, priority=${prio.network}, ct_state=+trk, actions=goto_table:${t.auditOut}`;

    if (settings.midstream === 'drop') refuseMidstream(f);
    if (settings.onPolicyChange === 'keep') keep(f);
    else commit(f);
  },
};

/** The two sides change places. */
const exchange = a`move:${reg.sourceGroup}->${reg.scratch}, move:${reg.destinationGroup}->${reg.sourceGroup},
  move:${reg.scratch}->${reg.destinationGroup}, move:${reg.sourceSet}->${reg.scratch},
  move:${reg.destinationSet}->${reg.sourceSet}, move:${reg.scratch}->${reg.destinationSet}, move:${reg.sourceNetwork}->${reg.scratch},
  move:${reg.destinationNetwork}->${reg.sourceNetwork}, move:${reg.scratch}->${reg.destinationNetwork}`;

/**
 * An ICMP error is judged as the connection that it speaks of, whose original tuple it has. It is sent to one end of that, but any router
 * may send it: the other end is looked up in the tables of addresses, by the tuple (`resubmit(…,ct)`, ovs-actions(7)), and no router's group
 * counts. Such a look-up comes back from the first table after them.
 */
function related(f: Flows): void {
  for (const after of [t.serviceHairpin, t.conntrack]) {
    f.add`table=${after}, priority=${prio.cut}, ${reg.related}=1, actions=set_field:0->${reg.related}`;
  }
  for (const family of families) {
    f.add`table=${t.orient}, priority=${prio.guard}, ct_state=+rel-rpl+trk, ${family},
      actions=set_field:0->${reg.sourceGroup}, set_field:0->${reg.sourceSet}, set_field:0->${reg.sourceNetwork},
        set_field:1->${reg.related}, resubmit(,${t.source},ct), goto_table:${t.auditOut}`;
    f.add`table=${t.orient}, priority=${prio.guard}, ct_state=+rel+rpl+trk, ${family},
      actions=${exchange}, set_field:0->${reg.destinationGroup}, set_field:0->${reg.destinationSet}, set_field:0->${reg.destinationNetwork},
        set_field:1->${reg.related}, resubmit(,${t.receiver},ct), goto_table:${t.auditOut}`;
  }
  // No router stands between link-local addresses, and a local endpoint's is known by its port alone (source.ts).
  f.add`table=${t.orient}, priority=${prio.exempt}, ct_state=+rel-rpl+trk, ipv6, ct_ipv6_src=fe80::/10, actions=goto_table:${t.auditOut}`;
  f.add`table=${t.orient}, priority=${prio.exempt}, ct_state=+rel+rpl+trk, ipv6, ct_ipv6_dst=fe80::/10,
    actions=${exchange}, goto_table:${t.auditOut}`;
  // The ports of SCTP are in no tuple, and here they are not in the packet: nothing says what a rule would.
  f.add`table=${t.orient}, priority=${prio.cut}, ct_state=+rel+trk, ip, ct_nw_proto=132, actions=goto_table:${t.commit}`;
  f.add`table=${t.orient}, priority=${prio.cut}, ct_state=+rel+trk, ipv6, ct_nw_proto=132, actions=goto_table:${t.commit}`;
}

/**
 * The userspace datapath puts a packet together to track it, and takes it apart again after: of a new connection the later fragments
 * then show no ports. They have no verdict of their own: where they are committed they wait for the first, with which they go on,
 * or, when that was denied, end. (The system datapath shows whole packets here.)
 */
function fragments(f: Flows): void {
  for (const family of families) {
    f.add`table=${t.orient}, priority=${prio.exempt}, ct_state=+new+trk, ${family}, nw_frag=later, actions=goto_table:${t.commit}`;
  }
}

/** TCP that begins without SYN: the switch was restarted, the entry flushed, or the endpoint moved here. */
function refuseMidstream(f: Flows): void {
  f.add`table=${t.orient}, priority=${prio.guard}, ct_state=+new+trk, tcp, tcp_flags=-syn, actions=drop`;
  f.add`table=${t.orient}, priority=${prio.guard}, ct_state=+new+trk, tcp6, tcp_flags=-syn, actions=drop`;
}

function commit(f: Flows): void {
  for (const family of families) {
    f.add`table=${t.commit}, priority=${prio.usual}, ct_state=+new+trk, ${family},
      actions=ct(commit,zone=${reg.zone}), goto_table:${t.dscp}`;
    f.add`table=${t.commit}, priority=${prio.guard}, ct_state=+new+trk, ${family}, ${reg.translated}=1,
      actions=ct(commit,zone=${reg.zone},exec(set_field:${connection.translated}->ct_mark)), goto_table:${t.serviceReply}`;
  }
}

/** A connection is marked when it is allowed, and a marked one is not judged again, nor what speaks of it. */
function keep(f: Flows): void {
  const { allowed, translated } = connection;
  f.add`table=${t.orient}, priority=${prio.kept}, ct_state=+trk-inv, ct_mark=${masked(allowed, allowed)},
    actions=goto_table:${t.serviceReply}`;
  for (const family of families) {
    f.add`table=${t.commit}, priority=${prio.usual}, ct_state=+new+trk, ${family},
      actions=ct(commit,zone=${reg.zone},exec(set_field:${allowed}->ct_mark)), goto_table:${t.dscp}`;
    f.add`table=${t.commit}, priority=${prio.guard}, ct_state=+new+trk, ${family}, ${reg.translated}=1,
      actions=ct(commit,zone=${reg.zone},exec(set_field:${allowed | translated}->ct_mark)), goto_table:${t.serviceReply}`;
    // It began before `keep` was chosen.
    f.add`table=${t.commit}, priority=${prio.usual}, ct_state=-new+est+trk, ct_mark=${masked(0, allowed)}, ${family},
      actions=ct(commit,zone=${reg.zone},exec(set_field:${masked(allowed, allowed)}->ct_mark)), goto_table:${t.serviceReply}`;
  }
}
