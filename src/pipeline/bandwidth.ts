/**
 * Bandwidth: meters on what a member of a group with a net profile sends and receives, after the verdict.
 * Neighbours: dscp.ts before, deliver.ts after.
 * Invariants: a meter comes first and once in a flow (Open vSwitch refuses any other), so each direction has a table; the
 * meter belongs to who has the bandwidth, the endpoint or the group, and its flows to the endpoint.
 */
import type { NetProfile } from '../model/index.js';
import type { Flows } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, endpointMeters, groupMeters, prio, reg, t, type Meters } from './layout.js';
import { groupOf, localPort, netProfileOf } from './world.js';

/** A change of rate changes these in place: the flows through them stay, and no packet passes unmetered. */
function meters(f: Flows, { from, to }: Meters, { kbps, burstKbit }: NonNullable<NetProfile['limit']>): void {
  for (const id of [from, to]) {
    f.meter`meter=${id}, kbps, burst, band=type=drop, rate=${kbps}, burst_size=${burstKbit}`;
  }
}

export const bandwidth: Feature = {
  group(f, w, g) {
    const profile = netProfileOf(w, g);
    if (profile?.limit !== undefined && profile.scope === 'group') meters(f, groupMeters(g.meters), profile.limit);
  },

  endpoint(f, w, e) {
    const group = groupOf(w, e);
    const profile = netProfileOf(w, group);
    if (group === undefined || profile?.limit === undefined) return;
    const ofport = localPort(w, e);
    if (ofport === undefined) return;
    const shared = profile.scope === 'group';
    const { from, to } = shared ? groupMeters(group.meters) : endpointMeters(ofport);
    if (!shared) meters(f, { from, to }, profile.limit);
    f.add`table=${t.bandwidthFrom}, priority=${prio.usual}, in_port=${ofport},
      actions=meter:${from}, goto_table:${t.bandwidthTo}`;
    f.add`table=${t.bandwidthTo}, priority=${prio.usual}, ${reg.delivery}=${delivery.local}, ${reg.target}=${ofport},
      actions=meter:${to}, goto_table:${t.deliver}`;
  },
};
