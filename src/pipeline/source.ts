/**
 * Groups and networks of endpoints by address. A local sender's group was loaded at its port, a known receiver's with its MAC; anybody else's is known by
 * the address, so that what an outside router forwards, and what is sent to everybody's MAC, is judged by the groups it is between.
 * Neighbours: tunnel.ts and uplink.ts before, destination.ts for receivers; policy.ts matches what is loaded here.
 */
import { isLinkLocal, type AllowedAddress, type Endpoint } from '../model/index.js';
import { m, prefix, type Flows, type Fragment, type Masked } from '../openflow/index.js';
import { linkLocal } from './addresses.js';
import type { Feature } from './feature.js';
import { addressPriority, prio, reg, t } from './layout.js';
import { groupId, localPort, networkOf, zoneOf, type World } from './world.js';

/** Who an address stands for, and where it means something. */
interface Holder {
  /** The object ids of the endpoint's network and group. */
  readonly network: number;
  readonly group: number;
  /** The tenant's, whose addresses are its own. */
  readonly zone: number;
}

function holderOf(w: World, e: Endpoint): Holder {
  return { network: networkOf(w, e).id, group: groupId(w, e), zone: zoneOf(w, e.tenant) };
}

/** A link-local address means something within its network only. */
function scopeOf({ network, zone }: Holder, address: Uint8Array): Fragment {
  return isLinkLocal(address) ? m`${reg.network}=${network}` : m`${reg.zone}=${zone}`;
}

/** `length` in bits says how specific the address is. */
function ipv4Flows(f: Flows, { network, group, zone }: Holder, ipv4: number | Masked, length: number): void {
  f.add`table=${t.source}, priority=${addressPriority(length)}, ip, ${reg.zone}=${zone}, nw_src=${ipv4},
    actions=set_field:${network}->${reg.sourceNetwork}, set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
  f.add`table=${t.receiver}, priority=${addressPriority(length)}, ip, ${reg.zone}=${zone}, nw_dst=${ipv4},
    actions=set_field:${network}->${reg.destinationNetwork}, set_field:${group}->${reg.destinationGroup},
      goto_table:${t.destinationSet}`;
}

function ipv6Flows(f: Flows, holder: Holder, address: Uint8Array, ipv6: Uint8Array | Masked, length: number): void {
  const { network, group } = holder;
  const scope = scopeOf(holder, address);
  f.add`table=${t.source}, priority=${addressPriority(length)}, ipv6, ${scope}, ipv6_src=${ipv6},
    actions=set_field:${network}->${reg.sourceNetwork}, set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
  f.add`table=${t.receiver}, priority=${addressPriority(length)}, ipv6, ${scope}, ipv6_dst=${ipv6},
    actions=set_field:${network}->${reg.destinationNetwork}, set_field:${group}->${reg.destinationGroup},
      goto_table:${t.destinationSet}`;
}

/** An extra address; one that repeats the endpoint's own gives the same flow, which the engine takes once. */
function allowedFlows(f: Flows, holder: Holder, { ipv4, ipv6 }: AllowedAddress): void {
  if (ipv4 !== undefined) ipv4Flows(f, holder, prefix(ipv4.address, ipv4.length), ipv4.length);
  if (ipv6 === undefined || typeof ipv6.address === 'number') return;
  ipv6Flows(f, holder, ipv6.address, prefix(ipv6.address, ipv6.length), ipv6.length);
}

/** Of the endpoint at hand; a flow copies what it is given, and there are a hundred thousand of these. */
const remoteAddress = new Uint8Array(16);

export const source: Feature = {
  endpoint(f, w, e) {
    const holder = holderOf(w, e);
    if (e.ipv4 !== undefined) ipv4Flows(f, holder, e.ipv4, 32);
    for (const ipv6 of e.ipv6) ipv6Flows(f, holder, ipv6, ipv6, 128);
    for (const allowed of e.allowed) allowedFlows(f, holder, allowed);
    // Behind its own port an endpoint is known by the port, and link-local packets are never routed back.
    if (localPort(w, e) !== undefined) return;
    linkLocal(e.mac, remoteAddress);
    ipv6Flows(f, holder, remoteAddress, remoteAddress, 128);
  },

  /** One flow a group and side: attaching a policy costs this much, however many members there are. */
  group(f, _w, g) {
    if (g.policySet === 0) return;
    f.add`table=${t.sourceSet}, priority=${prio.usual}, ${reg.sourceGroup}=${g.id},
      actions=set_field:${g.policySet}->${reg.sourceSet}, goto_table:${t.serviceHairpin}`;
    f.add`table=${t.destinationSet}, priority=${prio.usual}, ${reg.destinationGroup}=${g.id},
      actions=set_field:${g.policySet}->${reg.destinationSet}, goto_table:${t.conntrack}`;
  },
};
