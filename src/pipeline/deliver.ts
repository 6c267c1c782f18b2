/**
 * The way out, after the verdict: a local port, or everybody of a network.
 * Neighbours: destination.ts decided the way; uplink.ts and tunnel.ts put on the outer tag or header.
 */
import { a, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { floodsToPeers } from './tunnel.js';
import { tagged } from './uplink.js';
import { localPort, type World } from './world.js';

/** The local members' ports, ascending. vswitchd itself leaves out the port a frame came from. */
function localOutputs(w: World, networkKey: string): Fragment[] {
  const ofports: number[] = [];
  for (const e of w.state.localMembers(networkKey)) {
    const ofport = localPort(w, e);
    if (ofport !== undefined) ofports.push(ofport);
  }
  return ofports.toSorted((x, y) => x - y).map((ofport) => a`output:${ofport}`);
}

export const deliver: Feature = {
  system(f) {
    f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.delivery}=${delivery.local}, actions=output:${reg.target}`;
    f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.delivery}=${delivery.back}, actions=output:in_port`;
  },

  network(f, w, n) {
    const local = localOutputs(w, n.key);
    if (n.encap === 'vlan') {
      const { uplink } = w.ports;
      const out = uplink === undefined ? undefined : tagged(n.tag, uplink);
      if (local.length === 0 && out === undefined) return;
      f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.delivery}=${delivery.flood},
        actions=${[...local, ...(out ? [out] : [])]}`;
      return;
    }
    if (local.length > 0) {
      // Split horizon: a copy that came from a peer is for local members only.
      f.add`table=${t.deliver}, priority=${prio.guard}, ${reg.network}=${n.id}, ${reg.origin}=${origin.tunnel},
        ${reg.delivery}=${delivery.flood}, actions=${local}`;
    }
    if (floodsToPeers(w, n.key)) {
      f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.origin}=${origin.endpoint},
        ${reg.delivery}=${delivery.flood}, actions=${local}, set_field:${n.tag}->tun_id, goto_table:${t.tunnelSource}`;
    } else if (local.length > 0) {
      f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.origin}=${origin.endpoint},
        ${reg.delivery}=${delivery.flood}, actions=${local}`;
    }
  },
};
