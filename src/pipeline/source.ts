/**
 * Groups and networks of endpoints by address. A local sender's group was loaded at its port, a known receiver's with its MAC; anybody else's is known by
 * the address, so that what an outside router forwards, and what is sent to everybody's MAC, is judged by the groups it is between.
 * Neighbours: tunnel.ts and uplink.ts before, destination.ts for receivers; policy.ts matches what is loaded here.
 */
import { isLinkLocal, type Endpoint } from '../model/index.js';
import { m, prefix, type Flows, type Fragment } from '../openflow/index.js';
import { linkLocal } from './addresses.js';
import type { Feature } from './feature.js';
import { addressPriority, prio, reg, t } from './layout.js';
import { groupId, localPort, networkOf, zoneOf, type World } from './world.js';

/** An address of an endpoint: whose it is within `scope`, and how specific it is. */
interface Known {
  readonly scope: Fragment;
  readonly address: number | Uint8Array;
  readonly length: number;
}

/** A tenant's addresses are its own; a link-local one means something within its network only. */
function* knownAddresses(w: World, e: Endpoint): Iterable<Known> {
  const tenant = m`${reg.zone}=${zoneOf(w, e.tenant)}`;
  const link = m`${reg.network}=${networkOf(w, e).id}`;
  const scopeOf = (ipv6: Uint8Array): Fragment => (isLinkLocal(ipv6) ? link : tenant);
  if (e.ipv4 !== undefined) yield { scope: tenant, address: e.ipv4, length: 32 };
  for (const ipv6 of e.ipv6) yield { scope: scopeOf(ipv6), address: ipv6, length: 128 };
  for (const { ipv4, ipv6 } of e.allowed) {
    if (ipv4 !== undefined) yield { scope: tenant, address: ipv4.address, length: ipv4.length };
    if (ipv6 !== undefined && typeof ipv6.address !== 'number') {
      yield { scope: scopeOf(ipv6.address), address: ipv6.address, length: ipv6.length };
    }
  }
  // Behind its own port an endpoint is known by the port, and link-local packets are never routed back.
  if (localPort(w, e) === undefined) yield { scope: link, address: linkLocal(e.mac), length: 128 };
}

function sourceFlow(f: Flows, { scope, address, length }: Known, network: number, group: number): void {
  const priority = addressPriority(length);
  const value = prefix(address, length);
  if (typeof address === 'number') {
    f.add`table=${t.source}, priority=${priority}, ip, ${scope}, nw_src=${value},
      actions=set_field:${network}->${reg.sourceNetwork}, set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
  } else {
    f.add`table=${t.source}, priority=${priority}, ipv6, ${scope}, ipv6_src=${value},
      actions=set_field:${network}->${reg.sourceNetwork}, set_field:${group}->${reg.sourceGroup}, goto_table:${t.sourceSet}`;
  }
}

function receiverFlow(f: Flows, { scope, address, length }: Known, network: number, group: number): void {
  const priority = addressPriority(length);
  const value = prefix(address, length);
  if (typeof address === 'number') {
    f.add`table=${t.receiver}, priority=${priority}, ip, ${scope}, nw_dst=${value},
      actions=set_field:${network}->${reg.destinationNetwork}, set_field:${group}->${reg.destinationGroup}, goto_table:${t.destinationSet}`;
  } else {
    f.add`table=${t.receiver}, priority=${priority}, ipv6, ${scope}, ipv6_dst=${value},
      actions=set_field:${network}->${reg.destinationNetwork}, set_field:${group}->${reg.destinationGroup}, goto_table:${t.destinationSet}`;
  }
}

export const source: Feature = {
  endpoint(f, w, e) {
    const group = groupId(w, e);
    const network = networkOf(w, e).id;
    const written = new Set<string>();
    for (const known of knownAddresses(w, e)) {
      // An allowed address may repeat one that the endpoint has.
      const name = `${known.address.toString()}/${known.length}`;
      if (written.has(name)) continue;
      written.add(name);
      sourceFlow(f, known, network, group);
      receiverFlow(f, known, network, group);
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
