/**
 * VLAN networks and the uplink: the tag names the network on the way in and is put on again on the way out. A group that the fabric gives a
 * VLAN of its own has a second one in the same network: its members send with it, and what comes with either is in the network.
 * Neighbours: classify.ts hands over frames of the uplink; deliver.ts sends what is for it.
 */
import type { Network } from '../model/index.js';
import { type Flows } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { zoneOf, type World } from './world.js';

function fromVlan(f: Flows, w: World, n: Network, vlan: number): void {
  f.add`table=${t.uplink}, priority=${prio.usual}, dl_vlan=${vlan},
    actions=pop_vlan, set_field:${n.id}->${reg.network}, set_field:${zoneOf(w, n.tenant)}->${reg.zone},
      set_field:${origin.uplink}->${reg.origin}, goto_table:${t.source}`;
}

export const uplink: Feature = {
  system(f, w) {
    // What came from the uplink never goes back to it: a loop through the fabric otherwise.
    f.add`table=${t.deliver}, priority=${prio.networkGuard}, ${reg.origin}=${origin.uplink}, ${reg.delivery}=${delivery.uplink},
      actions=drop`;
    if (w.ports.uplink === undefined) return;
    f.add`table=${t.deliver}, priority=${prio.network}, ${reg.delivery}=${delivery.uplink}, actions=goto_table:${t.outerTag}`;
  },

  network(f, w, n) {
    if (n.encap !== 'vlan') return;
    const groups = w.state.taggedGroups(n.key);
    fromVlan(f, w, n, n.tag);
    for (const { tag = 0 } of groups) fromVlan(f, w, n, tag);
    const { uplink: port } = w.ports;
    if (port === undefined) return;
    f.add`table=${t.outerTag}, priority=${prio.network}, ${reg.network}=${n.id},
      actions=push_vlan:0x8100, set_field:${n.tag}->vlan_vid, output:${port}`;
    for (const { id, tag = 0 } of groups) {
      f.add`table=${t.outerTag}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.taggedGroup}=${id},
        actions=push_vlan:0x8100, set_field:${tag}->vlan_vid, output:${port}`;
    }
  },
};
