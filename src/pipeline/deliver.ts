/**
 * The way out, after the verdict: a local port, or everybody of a network.
 * Neighbours: destination.ts decided the way; uplink.ts and tunnel.ts put on the outer tag or header (outerTag).
 * Invariant: a flood leaves the host once, however many groups of the network have tags of their own.
 */
import { a, m, type Flows, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { copiesTo } from './flood.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { floodsToPeers } from './tunnel.js';
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

/** To everybody: the local members, and once outside. */
function floodFlow(f: Flows, scope: Fragment, local: readonly Fragment[], outside: boolean): void {
  if (outside) {
    f.add`table=${t.deliver}, priority=${prio.usual}, ${scope}, ${reg.delivery}=${delivery.flood},
      actions=${local}, goto_table:${t.outerTag}`;
  } else if (local.length > 0) {
    f.add`table=${t.deliver}, priority=${prio.usual}, ${scope}, ${reg.delivery}=${delivery.flood}, actions=${local}`;
  }
}

export const deliver: Feature = {
  system(f) {
    f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.delivery}=${delivery.local}, actions=output:${reg.target}`;
    f.add`table=${t.deliver}, priority=${prio.usual}, ${reg.delivery}=${delivery.back}, actions=output:in_port`;
  },

  network(f, w, n) {
    const local = copiesTo(f, t.deliver, n.id, localOutputs(w, n.key));
    const scope = m`${reg.network}=${n.id}`;
    if (n.encap === 'vlan') {
      floodFlow(f, scope, local, w.ports.uplink !== undefined);
      return;
    }
    if (local.length > 0) {
      // Split horizon: a copy that came from a peer is for local members only.
      f.add`table=${t.deliver}, priority=${prio.guard}, ${reg.network}=${n.id}, ${reg.origin}=${origin.tunnel},
        ${reg.delivery}=${delivery.flood}, actions=${local}`;
    }
    floodFlow(f, m`${scope}, ${reg.origin}=${origin.endpoint}`, local, floodsToPeers(w, n.key));
  },
};
