/**
 * VLAN networks and the uplink: the tag names the network on the way in and is put on again on the way out. A group that the fabric gives a
 * VLAN of its own has a second one in the same network: its members send with it, and what comes with either is in the network.
 * Neighbours: classify.ts hands over frames of the uplink; deliver.ts floods; outside.ts routes.
 */
import type { Network } from '../model/index.js';
import { a, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { zoneOf, type World } from './world.js';

/** The VLANs that frames of a network come with: its own, and those of groups that have one. */
export function vlansOf(w: World, n: Network): number[] {
  return [n.tag, ...[...w.state.taggedGroups(n.key)].map(({ tag = 0 }) => tag)];
}

/** Off with the tag of a network, and on with what it says. */
export function fromVlan(w: World, n: Network): Fragment {
  return a`pop_vlan, set_field:${n.id}->${reg.network}, set_field:${zoneOf(w, n.tenant)}->${reg.zone}, set_field:${origin.uplink}->${reg.origin}`;
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
    for (const vlan of vlansOf(w, n)) {
      f.add`table=${t.uplink}, priority=${prio.network}, dl_vlan=${vlan},
        actions=${fromVlan(w, n)}, goto_table:${t.source}`;
    }
    const { uplink: port } = w.ports;
    if (port === undefined) return;
    f.add`table=${t.outerTag}, priority=${prio.network}, ${reg.network}=${n.id},
      actions=push_vlan:0x8100, set_field:${n.tag}->vlan_vid, output:${port}`;
    for (const { id, tag = 0 } of w.state.taggedGroups(n.key)) {
      f.add`table=${t.outerTag}, priority=${prio.usual}, ${reg.network}=${n.id}, ${reg.taggedGroup}=${id},
        actions=push_vlan:0x8100, set_field:${tag}->vlan_vid, output:${port}`;
    }
  },
};
