/**
 * What an endpoint needs because it provides services: a way to it after translation, and, where it is local, the way
 * round when it reaches itself by a VIP. Its own stack would not take a packet from its own address, so that one comes
 * from the VIP: a second translation in the NAT zone, after policy.
 * Neighbours: service.ts and service-groups.ts translate; destination.ts takes over; deliver.ts sends back to the port it came from.
 */
import type { Address, Endpoint } from '../model/index.js';
import { a, m, masked, type Flows, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { connection, delivery, natZone, prio, reg, t } from './layout.js';
import { providedAt, sameFamily } from './service-groups.js';
import { routesTo } from './route.js';
import { isRouted, localPort, networkOf, zoneOf, type World } from './world.js';

/** From one address to another of the same family. */
function between(from: Address, to: Address): Fragment {
  return typeof from === 'number' ? m`ip, nw_src=${from}, nw_dst=${to}` : m`ipv6, ipv6_src=${from}, ipv6_dst=${to}`;
}

/** The way round, of one address and the services that it is reached by. */
function hairpinFlows(f: Flows, w: World, e: Endpoint, own: Address): void {
  const zone = zoneOf(w, e.tenant);
  const nat = natZone(zone);
  const turn: Fragment = a`set_field:${delivery.back}->${reg.delivery}`;
  for (const service of w.state.provided(e)) {
    const vips = service.ips.filter((ip) => sameFamily(ip, own));
    for (const vip of vips) {
      // A reply to itself, or a packet of a connection that has its provider, is translated here; a new one is not.
      f.add`table=${t.serviceHairpin}, priority=${prio.usual}, ${between(own, vip)}, ${reg.zone}=${zone},
        actions=set_field:1->${reg.translated}, set_field:${service.id}->${reg.service}, ct(table=${t.service},zone=${nat},nat)`;
    }
    const [source] = vips;
    if (source === undefined) continue;
    // A first packet has just been committed, and after that a packet counts as untracked: its direction is known by the other flow.
    f.add`table=${t.serviceReply}, priority=${prio.guard}, ${between(own, own)}, ${reg.zone}=${zone}, ${reg.service}=${service.id},
      actions=${turn}, ct(commit,table=${t.dscp},zone=${nat},nat(src=${source}))`;
  }
  f.add`table=${t.serviceReply}, priority=${prio.exempt}, ct_state=+rpl+trk, ${between(own, own)}, ${reg.zone}=${zone},
    ct_mark=${masked(connection.translated, connection.translated)}, actions=${turn}, ct(table=${t.dscp},zone=${nat},nat)`;
}

export const provider: Feature = {
  endpoint(f, w, e) {
    if (w.state.services.size === 0 || w.state.provided(e).length === 0) return;
    // In a routed network there are these anyway.
    if (!isRouted(w, networkOf(w, e))) routesTo(f, w, e);
    if (localPort(w, e) === undefined) return;
    for (const address of providedAt(e)) hairpinFlows(f, w, e, address);
  },
};
