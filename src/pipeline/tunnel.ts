/**
 * VXLAN networks and the one flow-based tunnel port: VNI and peer are checked on the way in and set on the way out. A group that the fabric
 * gives a VNI of its own has a second one in the same network, as in uplink.ts.
 * Neighbours: classify.ts hands over frames of the tunnel; destination.ts names the peer; deliver.ts floods.
 * Invariant: what came from the tunnel never goes back into it (split horizon).
 */
import type { Network, Peer } from '../model/index.js';
import { a, type Flows, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { copiesTo } from './flood.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { zoneOf, type World } from './world.js';

/** The outer destination of one peer, as an action. */
function toPeer(address: number | Uint8Array): Fragment {
  if (typeof address === 'number') return a`set_field:${address}->tun_dst`;
  // An IPv4 destination that an earlier copy of a flood was sent to would win.
  return a`set_field:0.0.0.0->tun_dst, set_field:${address}->tun_ipv6_dst`;
}

/** The peers behind which a network has members, each once, in a stable order. */
function memberPeers(w: World, networkKey: string): Peer[] {
  return [...w.state.memberPeers(networkKey)]
    .toSorted()
    .map((key) => w.state.peers.get(key))
    .filter((peer) => peer !== undefined);
}

function fromVni(f: Flows, w: World, n: Network, vni: number): void {
  f.add`table=${t.tunnelNetwork}, priority=${prio.usual}, tun_id=${vni}, vlan_tci=0x0000/0x1000,
    actions=set_field:${n.id}->${reg.network}, set_field:${zoneOf(w, n.tenant)}->${reg.zone},
      set_field:${origin.tunnel}->${reg.origin}, goto_table:${t.tunnelPeer}`;
}

export const tunnel: Feature = {
  system(f, w) {
    f.add`table=${t.deliver}, priority=${prio.networkGuard}, ${reg.origin}=${origin.tunnel}, ${reg.delivery}=${delivery.tunnel},
      actions=drop`;
    f.add`table=${t.deliver}, priority=${prio.network}, ${reg.delivery}=${delivery.tunnel}, actions=goto_table:${t.outerTag}`;
    const { vtepIp } = w.state.settings;
    if (vtepIp === undefined) return;
    const source = typeof vtepIp === 'number' ? a`set_field:${vtepIp}->tun_src` : a`set_field:${vtepIp}->tun_ipv6_src`;
    f.add`table=${t.tunnelSource}, priority=${prio.usual}, actions=${source}, goto_table:${t.tunnelOut}`;
  },

  network(f, w, n) {
    if (n.encap !== 'vxlan') return;
    fromVni(f, w, n, n.tag);
    f.add`table=${t.outerTag}, priority=${prio.network}, ${reg.network}=${n.id}, actions=set_field:${n.tag}->tun_id, goto_table:${t.tunnelSource}`;
    for (const { id, tag = 0 } of w.state.taggedGroups(n.key)) {
      fromVni(f, w, n, tag);
      f.add`table=${t.outerTag}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.taggedGroup}=${id},
        actions=set_field:${tag}->tun_id, goto_table:${t.tunnelSource}`;
    }

    const { tunnel: port } = w.ports;
    const peers = memberPeers(w, n.key);
    if (port === undefined || peers.length === 0) return;
    const copies = peers.map((peer) => a`${toPeer(peer.address)}, output:${port}`);
    // Broadcast, unknown and multicast: one copy to each peer that has a member, and to no other.
    f.add`table=${t.tunnelOut}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.delivery}=${delivery.flood},
      actions=${copiesTo(f, t.tunnelOut, n.id, copies)}`;
  },

  peer(f, w, p) {
    const port = w.ports.tunnel;
    if (port === undefined) return;
    if (typeof p.address === 'number') {
      f.add`table=${t.tunnelPeer}, priority=${prio.usual}, tun_src=${p.address}, actions=goto_table:${t.source}`;
    } else {
      f.add`table=${t.tunnelPeer}, priority=${prio.usual}, tun_ipv6_src=${p.address}, actions=goto_table:${t.source}`;
    }
    f.add`table=${t.tunnelOut}, priority=${prio.usual}, ${reg.delivery}=${delivery.tunnel}, ${reg.target}=${p.id},
      actions=${toPeer(p.address)}, output:${port}`;
  },
};

/** Whether a network's flood reaches anybody through the tunnel. */
export function floodsToPeers(w: World, networkKey: string): boolean {
  if (w.ports.tunnel === undefined) return false;
  for (const key of w.state.memberPeers(networkKey)) if (w.state.peers.has(key)) return true;
  return false;
}
