/**
 * The routes of a tenant: an endpoint's address, a subnet in which nobody is known to have it, an external prefix.
 * Neighbours: router.ts sends here what is for the gateway, past path-mtu.ts; destination.ts delivers what leaves here in another network, with new MACs.
 * Invariant: a route is the tenant's: it matches the zone, so equal addresses of others never meet.
 */
import { isLinkLocal, type Endpoint, type Route } from '../model/index.js';
import { a, prefix, type Flows, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { addressPriority, connectedPriority, delivery, reg, routerMac, t } from './layout.js';
import { isRouted, networkByKey, networkOf, zoneOf, type World } from './world.js';

/**
 * To an endpoint by its address: the frame goes on in the endpoint's network as the router sends it. vswitchd drops what a decrement would bring to 0.
 * On a VLAN without routing only services come by here, and the sender's MAC stays: the fabric would see the router's move from host to host.
 */
export function routesTo(f: Flows, w: World, e: Endpoint): void {
  const zone = zoneOf(w, e.tenant);
  const network = networkOf(w, e);
  const from = network.encap === 'vlan' && !isRouted(w, network) ? undefined : a`set_field:${routerMac}->eth_src`;
  const hop = a`set_field:${network.id}->${reg.network}, ${from}, set_field:${e.mac}->eth_dst, dec_ttl`;
  if (e.ipv4 !== undefined) {
    f.add`table=${t.route}, priority=${connectedPriority(32)}, ip, ${reg.zone}=${zone}, nw_dst=${e.ipv4},
      actions=${hop}, goto_table:${t.destination}`;
  }
  for (const ipv6 of e.ipv6) {
    // A link-local address is never routed.
    if (isLinkLocal(ipv6)) continue;
    f.add`table=${t.route}, priority=${connectedPriority(128)}, ipv6, ${reg.zone}=${zone}, ipv6_dst=${ipv6},
      actions=${hop}, goto_table:${t.destination}`;
  }
}

/** Onto the next hop's link, as the router sends it; behind a peer without asking who has the MAC there. */
function hopOf(w: World, { network, mac, vtepIp }: Route): Fragment | undefined {
  const into = networkByKey(w, network)?.id ?? 0;
  if (vtepIp === undefined)
    return a`set_field:${into}->${reg.network}, set_field:${routerMac}->eth_src, set_field:${mac}->eth_dst, dec_ttl, goto_table:${t.destination}`;
  const peer = w.state.peers.get(vtepIp);
  return (
    peer &&
    a`set_field:${into}->${reg.network}, set_field:${routerMac}->eth_src, set_field:${mac}->eth_dst, dec_ttl,
      set_field:${delivery.tunnel}->${reg.delivery}, set_field:${peer.id}->${reg.target}, goto_table:${t.receiver}`
  );
}

export const route: Feature = {
  route(f, w, r) {
    const hop = hopOf(w, r);
    if (hop === undefined) return;
    const { address, length } = r.prefix;
    const zone = zoneOf(w, r.tenant);
    if (typeof address === 'number') {
      f.add`table=${t.route}, priority=${addressPriority(length)}, ip, ${reg.zone}=${zone}, nw_dst=${prefix(address, length)}, actions=${hop}`;
    } else {
      f.add`table=${t.route}, priority=${addressPriority(length)}, ipv6, ${reg.zone}=${zone}, ipv6_dst=${prefix(address, length)}, actions=${hop}`;
    }
  },

  endpoint(f, w, e) {
    if (isRouted(w, networkOf(w, e))) routesTo(f, w, e);
  },

  /** A subnet is connected: what no endpoint in it has is nowhere, whatever wider routes say. */
  network(f, w, { tenant, subnet, ipv6Subnet, ...n }) {
    if (!isRouted(w, { tenant, ...n })) return;
    const zone = zoneOf(w, tenant);
    if (typeof subnet?.address === 'number') {
      f.add`table=${t.route}, priority=${connectedPriority(subnet.length)}, ip, ${reg.zone}=${zone}, nw_dst=${prefix(subnet.address, subnet.length)}, actions=drop`;
    }
    if (ipv6Subnet && typeof ipv6Subnet.address !== 'number') {
      f.add`table=${t.route}, priority=${connectedPriority(ipv6Subnet.length)}, ipv6, ${reg.zone}=${zone}, ipv6_dst=${prefix(ipv6Subnet.address, ipv6Subnet.length)},
        actions=drop`;
    }
  },
};
