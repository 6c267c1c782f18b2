/**
 * Priority: the DSCP of a net profile on what the members of its group send, after the verdict.
 * Neighbours: policy.ts and conntrack.ts before; bandwidth.ts next. The tunnel's header takes it over when the settings
 * say so (src/datapath/ovsdb/wanted.ts).
 * Invariant: the port names the sender, for the registers have changed sides on replies.
 */
import type { Feature } from './feature.js';
import { prio, t } from './layout.js';
import { groupOf, localPort, netProfileOf } from './world.js';

export const dscp: Feature = {
  endpoint(f, w, e) {
    const value = netProfileOf(w, groupOf(w, e))?.dscp;
    const ofport = localPort(w, e);
    if (value === undefined || ofport === undefined) return;
    f.add`table=${t.dscp}, priority=${prio.usual}, ip, in_port=${ofport},
      actions=set_field:${value}->ip_dscp, goto_table:${t.bandwidthFrom}`;
    f.add`table=${t.dscp}, priority=${prio.usual}, ipv6, in_port=${ofport},
      actions=set_field:${value}->ip_dscp, goto_table:${t.bandwidthFrom}`;
  },
};
