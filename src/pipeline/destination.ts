/**
 * Who a frame is for: a known MAC of its network, everybody, or somebody unknown.
 * Invariant: a known MAC brings its endpoint's group; where nobody has the MAC, the address decides (source.ts).
 * Neighbours: source.ts before, conntrack.ts after; deliver.ts acts on what is loaded here, after the verdict.
 */
import type { Endpoint } from '../model/index.js';
import { a, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, routerMac, t } from './layout.js';
import { groupId, localPort, networkOf, type World } from './world.js';

/** How to reach an endpoint, or undefined while nobody knows. */
function wayTo(w: World, e: Endpoint): Fragment | undefined {
  const ofport = localPort(w, e);
  if (ofport !== undefined) return a`set_field:${delivery.local}->${reg.delivery}, set_field:${ofport}->${reg.target}`;
  if (e.where && 'interface' in e.where) return undefined;
  if (networkOf(w, e).encap === 'vlan') return a`set_field:${delivery.uplink}->${reg.delivery}`;
  const peer = e.where && w.state.peers.get(e.where.vtepIp);
  if (!peer) return undefined;
  return a`set_field:${delivery.tunnel}->${reg.delivery}, set_field:${peer.id}->${reg.target}`;
}

export const destination: Feature = {
  system(f) {
    f.add`table=${t.destination}, priority=${prio.usual}, dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,
      actions=set_field:${delivery.flood}->${reg.delivery}, goto_table:${t.receiver}`;
    // What was for a gateway has been routed or answered; nobody else is to see it.
    f.add`table=${t.destination}, priority=${prio.guard}, dl_dst=${routerMac}, actions=drop`;
    // A unicast frame that the fabric flooded is not for this host.
    f.add`table=${t.destination}, priority=${prio.networkGuard}, ${reg.origin}=${origin.uplink}, actions=drop`;
  },

  network(f, _w, n) {
    const unknown = n.encap === 'vlan' ? delivery.uplink : delivery.flood;
    f.add`table=${t.destination}, priority=${prio.network}, ${reg.network}=${n.id},
      actions=set_field:${unknown}->${reg.delivery}, goto_table:${t.receiver}`;
  },

  endpoint(f, w, e) {
    const way = wayTo(w, e);
    if (!way) return;
    f.add`table=${t.destination}, priority=${prio.usual}, ${reg.network}=${networkOf(w, e).id}, dl_dst=${e.mac},
      actions=set_field:${networkOf(w, e).id}->${reg.destinationNetwork}, set_field:${groupId(w, e)}->${reg.destinationGroup}, ${way}, goto_table:${t.destinationSet}`;
  },
};
