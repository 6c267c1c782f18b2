/**
 * The distributed gateway: what is sent to the router's MAC. Every host answers and routes for its own endpoints.
 * Neighbours: neighbours.ts gave out the MAC; path-mtu.ts measures and route.ts finds the way of what is routed; punt.ts hands over what needs an ICMP error.
 * Invariant: a frame to the router's MAC never leaves as it came: it is answered, routed or dropped.
 */
import { isLinkLocal, type Address, type Network } from '../model/index.js';
import { m, type Flows, type Fragment, type TableRef } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { origin, prio, reg, routerMac, t } from './layout.js';
import { toDaemon } from './punt.js';
import { isRouted, zoneOf } from './world.js';

/** What an answer of the gateway starts with. */
const answerTtl = 64;

/**
 * Any endpoint of the tenant may ping any of its gateways, and its own host answers: the nearest one is as good as any, for there is only
 * one everywhere. A link-local gateway is one per link.
 */
function pingFlows(f: Flows, zone: number, n: Network): void {
  for (const gateway of [n.gateway, n.ipv6Gateway]) {
    if (gateway === undefined) continue;
    const scope =
      typeof gateway !== 'number' && isLinkLocal(gateway) ? m`${reg.network}=${n.id}` : m`${reg.zone}=${zone}`;
    const asked = m`${scope}, ${reg.origin}=${origin.endpoint}, dl_dst=${routerMac}`;
    pingAnswer(f, asked, routerMac, gateway, { table: t.router, priority: prio.exempt });
  }
}

/** `asked`: by whom and at which MAC; `mac`: who answers. */
export function pingAnswer(
  f: Flows,
  asked: Fragment,
  mac: Uint8Array,
  gateway: Address,
  { table, priority }: { readonly table: TableRef; readonly priority: number },
): void {
  if (typeof gateway === 'number') {
    f.add`table=${table}, priority=${priority}, icmp, ${asked}, nw_dst=${gateway}, icmp_type=8, icmp_code=0,
      actions=move:eth_src->eth_dst, set_field:${mac}->eth_src, move:nw_src->nw_dst, set_field:${gateway}->nw_src,
        set_field:${answerTtl}->nw_ttl, set_field:0->icmp_type, output:in_port`;
  } else {
    f.add`table=${table}, priority=${priority}, icmp6, ${asked}, ipv6_dst=${gateway}, icmp_type=128, icmp_code=0,
      actions=move:eth_src->eth_dst, set_field:${mac}->eth_src, move:ipv6_src->ipv6_dst, set_field:${gateway}->ipv6_src,
        set_field:${answerTtl}->nw_ttl, set_field:129->icmpv6_type, output:in_port`;
  }
}

export const router: Feature = {
  network(f, w, n) {
    if (!isRouted(w, n)) return;
    pingFlows(f, zoneOf(w, n.tenant), n);
    for (const family of [m`ip`, m`ipv6`]) {
      // Before anything is changed: the daemon's answer quotes the packet as it came.
      f.add`table=${t.router}, priority=${prio.guard}, ${family}, ${reg.network}=${n.id}, dl_dst=${routerMac}, nw_ttl=1,
        actions=${toDaemon.timeExceeded}`;
      f.add`table=${t.router}, priority=${prio.usual}, ${family}, ${reg.network}=${n.id}, dl_dst=${routerMac},
        actions=goto_table:${t.pathMtu}`;
    }
  },
};
