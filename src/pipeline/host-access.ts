/**
 * Host access: the host's own port. What the host sends to an endpoint's address in the host's subnet is translated to the endpoint's own; what a local
 * endpoint sends to the host, or outside where no route leads, leaves by that port from its address there. Conntrack translates, in the tenant's
 * NAT zone, for tenants may have equal addresses and an ICMP error has one inside.
 * Neighbours: destination.ts delivers and policy judges what came from the host like anything else; router.ts and route.ts have what is for it.
 */
import { accessAddress, hostAddress, hostMac, type HostAccess } from '../model/index.js';
import { a, prefix, type Flows } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { delivery, natZone, origin, prio, reg, routerMac, t } from './layout.js';
import { localPort, networkOf, zoneOf, type World } from './world.js';

/** The host's port, when there is one. */
function hostPort(w: World): { readonly access: HostAccess; readonly ofport: number } | undefined {
  const access = w.state.settings.hostAccess;
  const ofport = access && w.ports.of(access.port);
  return access && ofport !== undefined ? { access, ofport } : undefined;
}

/** The host finds every address of its subnet at the router's MAC. */
function arpFlow(f: Flows, { base, subnet }: HostAccess): void {
  f.add`table=${t.hostAccess}, priority=${prio.usual}, arp, arp_op=1, arp_tpa=${prefix(base, subnet.length)},
    actions=move:eth_src->eth_dst, set_field:${routerMac}->eth_src, set_field:2->arp_op, move:arp_sha->arp_tha, move:arp_tpa->${reg.scratch},
      move:arp_spa->arp_tpa, set_field:${routerMac}->arp_sha, move:${reg.scratch}->arp_spa, output:in_port`;
}

export const hostAccess: Feature = {
  system(f, w) {
    const host = hostPort(w);
    if (host === undefined) return;
    const { access, ofport } = host;
    f.add`table=${t.classify}, priority=${prio.usual}, in_port=${ofport}, vlan_tci=0x0000/0x1000, actions=goto_table:${t.hostAccess}`;
    arpFlow(f, access);
    const toHost = a`set_field:${delivery.host}->${reg.delivery}, goto_table:${t.receiver}`;
    // Whatever gateway the endpoint believes in: the answers to the host find the host.
    f.add`table=${t.router}, priority=${prio.exempt}, ip, ${reg.origin}=${origin.endpoint}, nw_dst=${hostAddress(access)},
      actions=${toHost}`;
    f.add`table=${t.route}, priority=${prio.network}, ip, ${reg.origin}=${origin.endpoint}, actions=dec_ttl, ${toHost}`;
    f.add`table=${t.hostOut}, priority=${prio.usual}, actions=output:${ofport}`;
  },

  endpoint(f, w, e) {
    const host = hostPort(w);
    if (host === undefined) return;
    const address = accessAddress(w.state, e);
    const ofport = localPort(w, e);
    if (address === undefined || ofport === undefined || e.ipv4 === undefined) return;
    const zone = zoneOf(w, e.tenant);
    const network = networkOf(w, e).id;
    f.add`table=${t.hostAccess}, priority=${prio.usual}, ip, nw_dst=${address},
      actions=set_field:${network}->${reg.network}, set_field:${zone}->${reg.zone}, set_field:${origin.host}->${reg.origin},
        set_field:${routerMac}->eth_src, set_field:${e.mac}->eth_dst,
        ct(commit,table=${t.source},zone=${natZone(zone)},nat(dst=${e.ipv4}))`;
    f.add`table=${t.deliver}, priority=${prio.usual}, ip, in_port=${ofport}, ${reg.delivery}=${delivery.host},
      actions=set_field:${routerMac}->eth_src, set_field:${hostMac(host.access)}->eth_dst,
        ct(commit,table=${t.hostOut},zone=${natZone(zone)},nat(src=${address}))`;
  },
};
