/**
 * ARP and neighbour discovery, answered in flows at the port that asked, never by the daemon: for the gateways of routed networks, and (arpMode
 * proxy) for known endpoints.
 * Neighbours: spoof-guard.ts lets honest questions through; what is not answered here is flooded by destination.ts.
 * Invariant: nobody is answered about an address of its own, or it would take it for taken (RFC 5227 §2.1.1, RFC 4862 §5.4).
 */
import type { Endpoint, Network } from '../model/index.js';
import { m, type Flows, type Fragment } from '../openflow/index.js';
import { allNodes, allNodesMac, unspecified6 } from './addresses.js';
import type { Feature } from './feature.js';
import { prio, reg, routerMac, t } from './layout.js';
import { isRouted, localPort, networkOf, type World } from './world.js';

/** `scope`: whose question is answered, of a network or a tenant. `table`: where it comes by. */
export function arpAnswer(f: Flows, scope: Fragment, ipv4: number, mac: Uint8Array, table = t.neighbours): void {
  f.add`table=${table}, priority=${prio.usual}, arp, arp_op=1, ${scope}, arp_tpa=${ipv4},
    actions=move:eth_src->eth_dst, set_field:${mac}->eth_src, set_field:2->arp_op, move:arp_sha->arp_tha,
      move:arp_spa->arp_tpa, set_field:${mac}->arp_sha, set_field:${ipv4}->arp_spa, output:in_port`;
}

/**
 * Whether flows may make an advertisement of a solicitation. vswitchd refuses to set nd_reserved and nd_options_type where the datapath has no
 * "IPv6 ND Extension", and the kernel's has none (ovs-fields(7)): solicitations are left to the network there, as with arpMode flood.
 */
function writesAdvertisements(w: World): boolean {
  return w.state.settings.datapathType !== 'system';
}

/** The solicitation becomes an advertisement (RFC 4861 §4.4) whose option is the target's (type 2); the next table does the rest. */
export function ndAnswer(
  f: Flows,
  w: World,
  scope: Fragment,
  ipv6: Uint8Array,
  mac: Uint8Array,
  table = t.neighbours,
): void {
  if (!writesAdvertisements(w)) return;
  f.add`table=${table}, priority=${prio.usual}, icmp6, icmp_type=135, icmp_code=0, ${scope}, nd_target=${ipv6},
    actions=move:eth_src->eth_dst, set_field:${mac}->eth_src, set_field:136->icmpv6_type, set_field:2->nd_options_type,
      goto_table:${t.advertise}`;
}

/** Flags of an advertisement. */
const flag = { router: 0x8000_0000, solicited: 0x4000_0000, override: 0x2000_0000 } as const;

/**
 * The check of `set_field->nd_tll` wants an advertisement in the match, hence a table of its own. Who asks from `::` looks for a duplicate, and is answered
 * by way of all nodes, unsolicited (RFC 4861 §7.2.4).
 */
function advertisements(f: Flows, sender: Fragment, priority: number, flags: number): void {
  f.add`table=${t.advertise}, priority=${priority}, icmp6, icmp_type=136, icmp_code=0, ${sender},
    actions=move:ipv6_src->ipv6_dst, move:nd_target->ipv6_src, set_field:255->nw_ttl, set_field:${flags + flag.solicited}->nd_reserved,
      move:eth_src->nd_tll, output:in_port`;
  f.add`table=${t.advertise}, priority=${priority + prio.usual}, icmp6, icmp_type=136, icmp_code=0, ${sender}, ipv6_src=${unspecified6},
    actions=set_field:${allNodesMac}->eth_dst, set_field:${allNodes}->ipv6_dst, move:nd_target->ipv6_src, set_field:255->nw_ttl,
      set_field:${flags}->nd_reserved, move:eth_src->nd_tll, output:in_port`;
}

/** What says so is a router: the gateway, by a MAC that is nobody else's. */
export function advertisedGateway(f: Flows, w: World, mac: Uint8Array): void {
  if (writesAdvertisements(w)) advertisements(f, m`dl_src=${mac}`, prio.guard, flag.router + flag.override);
}

/** Its own addresses an endpoint may probe and announce. */
function ownFlows(f: Flows, ofport: number, e: Endpoint): void {
  if (e.ipv4 !== undefined) {
    f.add`table=${t.neighbours}, priority=${prio.exempt}, arp, in_port=${ofport}, arp_tpa=${e.ipv4},
      actions=goto_table:${t.destination}`;
  }
  for (const ipv6 of e.ipv6) {
    f.add`table=${t.neighbours}, priority=${prio.exempt}, icmp6, icmp_type=135, icmp_code=0, in_port=${ofport}, nd_target=${ipv6},
      actions=goto_table:${t.destination}`;
  }
}

export const neighbours: Feature = {
  system(f, w) {
    if (!writesAdvertisements(w)) return;
    advertisedGateway(f, w, routerMac);
    advertisements(f, m``, prio.network, flag.override);
  },

  /** Whatever arpMode says: nobody else could answer. */
  network(f, w, n: Network) {
    if (!isRouted(w, n)) return;
    const scope = m`${reg.network}=${n.id}`;
    if (n.gateway !== undefined) arpAnswer(f, scope, n.gateway, routerMac);
    if (n.ipv6Gateway !== undefined) ndAnswer(f, w, scope, n.ipv6Gateway, routerMac);
  },

  endpoint(f, w, e) {
    if (w.state.settings.arpMode !== 'proxy') return;
    const scope = m`${reg.network}=${networkOf(w, e).id}`;
    if (e.ipv4 !== undefined) arpAnswer(f, scope, e.ipv4, e.mac);
    for (const ipv6 of e.ipv6) ndAnswer(f, w, scope, ipv6, e.mac);
    const ofport = localPort(w, e);
    if (ofport !== undefined) ownFlows(f, ofport, e);
  },
};
