/**
 * The sender's group and policy set. A local sender's group was loaded at its port; anybody else's is known by the address,
 * so that a packet routed by an outside gateway is still judged by the group it came from.
 * Neighbours: tunnel.ts and uplink.ts hand over; policy.ts matches what is loaded here.
 */
import type { Feature } from './feature.js';
import { prio, reg, t } from './layout.js';
import { groupId, zoneOf } from './world.js';

export const source: Feature = {
  endpoint(f, w, e) {
    const group = groupId(w, e);
    if (group === 0) return;
    const zone = zoneOf(w, e.tenant);
    if (e.ipv4 !== undefined) {
      f.add`table=${t.source}, priority=${prio.usual}, ip, ${reg.zone}=${zone}, nw_src=${e.ipv4},
        actions=set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
    }
    for (const ipv6 of e.ipv6) {
      f.add`table=${t.source}, priority=${prio.usual}, ipv6, ${reg.zone}=${zone}, ipv6_src=${ipv6},
        actions=set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
    }
  },

  /** One flow a group and side: attaching a policy costs this much, however many members there are. */
  group(f, _w, g) {
    if (g.policySet === 0) return;
    f.add`table=${t.sourceSet}, priority=${prio.usual}, ${reg.sourceGroup}=${g.id},
      actions=set_field:${g.policySet}->${reg.sourceSet}, goto_table:${t.destination}`;
    f.add`table=${t.destinationSet}, priority=${prio.usual}, ${reg.destinationGroup}=${g.id},
      actions=set_field:${g.policySet}->${reg.destinationSet}, goto_table:${t.conntrack}`;
  },
};
