/**
 * VLAN networks and the uplink: the tag names the network on the way in and is put on again on the way out.
 * Neighbours: classify.ts hands over frames of the uplink; deliver.ts floods.
 */
import { a, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, origin, prio, reg, t } from './layout.js';
import { zoneOf } from './world.js';

/** Out of the uplink with a network's tag on. */
export function tagged(vlan: number, ofport: number): Fragment {
  return a`push_vlan:0x8100, set_field:${vlan}->vlan_vid, output:${ofport}`;
}

export const uplink: Feature = {
  system(f) {
    // What came from the uplink never goes back to it: a loop through the fabric otherwise.
    f.add`table=${t.deliver}, priority=${prio.networkGuard}, ${reg.origin}=${origin.uplink}, ${reg.delivery}=${delivery.uplink},
      actions=drop`;
  },

  network(f, w, n) {
    if (n.encap !== 'vlan') return;
    f.add`table=${t.uplink}, priority=${prio.usual}, dl_vlan=${n.tag},
      actions=pop_vlan, set_field:${n.id}->${reg.network}, set_field:${zoneOf(w, n.tenant)}->${reg.zone},
        set_field:${origin.uplink}->${reg.origin}, goto_table:${t.source}`;
    if (w.ports.uplink === undefined) return;
    f.add`table=${t.deliver}, priority=${prio.network}, ${reg.network}=${n.id}, ${reg.delivery}=${delivery.uplink},
      actions=${tagged(n.tag, w.ports.uplink)}`;
  },
};
