/**
 * Where a frame came from. Neighbours: spoof-guard.ts (local), tunnel.ts and uplink.ts (remote).
 */
import { a } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { origin, prio, reg, t } from './layout.js';
import { groupId, localPort, networkOf, taggedGroupOf, zoneOf } from './world.js';

export const classify: Feature = {
  system(f, w) {
    const { tunnel, uplink } = w.ports;
    if (tunnel !== undefined) {
      f.add`table=${t.classify}, priority=${prio.usual}, in_port=${tunnel}, actions=goto_table:${t.tunnelNetwork}`;
    }
    // An endpoint sends untagged frames only; this counts those that are not apart from those of strange ports.
    f.add`table=${t.classify}, priority=${prio.networkGuard}, vlan_tci=0x1000/0x1000, actions=drop`;
    if (uplink !== undefined) {
      f.add`table=${t.classify}, priority=${prio.usual}, in_port=${uplink}, actions=goto_table:${t.uplink}`;
    }
  },

  /** An untagged frame from an endpoint's port: load who it claims to be; the spoof guard checks the claim. */
  endpoint(f, w, e) {
    const ofport = localPort(w, e);
    if (ofport === undefined) return;
    const group = taggedGroupOf(w, e);
    const tagged = group && a`set_field:${group.id}->${reg.taggedGroup}`;
    f.add`table=${t.classify}, priority=${prio.usual}, in_port=${ofport}, vlan_tci=0x0000/0x1000,
      actions=set_field:${networkOf(w, e).id}->${reg.network}, set_field:${networkOf(w, e).id}->${reg.sourceNetwork}, set_field:${zoneOf(w, e.tenant)}->${reg.zone},
        set_field:${origin.endpoint}->${reg.origin}, set_field:${groupId(w, e)}->${reg.sourceGroup}, ${tagged}, goto_table:${t.spoofGuard}`;
  },
};
