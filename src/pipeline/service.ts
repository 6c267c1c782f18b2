/**
 * Services: what is sent to a VIP is translated to a provider on the client's host, and the replies back.
 * Neighbours: service-groups.ts chooses the provider; provider.ts leads to it, and a provider back to itself; policy judges the
 * translated packet. A connection is translated in a conntrack zone of its own before policy's zone sees it, and its replies after.
 * Invariant: a packet meets a group only while its connection has no provider, so that changes of the group move no live connection.
 */
import type { Address, ServicePort } from '../model/index.js';
import { masked, m, type Flows, type Fragment } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { connection, natZone, prio, reg, routerMac, t } from './layout.js';
import { arpAnswer, ndAnswer } from './neighbours.js';
import { toDaemon } from './punt.js';
import { familyOf, groupsOf, type PortGroup } from './service-groups.js';
import { zoneOf, type World } from './world.js';

const protocolNumber = { tcp: 6, udp: 17 } as const;

/** `ip, nw_dst=…`, of either family. */
function toAddress(ip: Address): Fragment {
  return typeof ip === 'number' ? m`ip, nw_dst=${ip}` : m`ipv6, ipv6_dst=${ip}`;
}

/** Whoever in the tenant asks for the MAC of a VIP hears the router's: what is sent there is translated, and then routed. */
function announce(f: Flows, w: World, zone: number, ip: Address): void {
  const scope = m`${reg.zone}=${zone}`;
  if (typeof ip === 'number') arpAnswer(f, scope, ip, routerMac);
  else ndAnswer(f, w, scope, ip, routerMac);
}

/** One port of one family: to its group, or with nobody to take it, back to the client by way of the daemon. */
function portFlow(f: Flows, zone: number, ip: Address, { port, protocol }: ServicePort, group: PortGroup): void {
  // By the original tuple, for the later fragments of a packet carry no port.
  const what = m`${toAddress(ip)}, ${reg.zone}=${zone}, ct_nw_proto=${protocolNumber[protocol]}, ct_tp_dst=${port}`;
  if (group.providers.length === 0) {
    f.add`table=${t.serviceProvider}, priority=${prio.usual}, ct_state=+new+trk, ${what}, actions=${toDaemon.noProvider}`;
  } else {
    f.add`table=${t.serviceProvider}, priority=${prio.usual}, ct_state=+new+trk, ${what}, actions=group:${group.id}`;
  }
}

export const service: Feature = {
  system(f) {
    // A provider that sends to a VIP has passed the NAT zone already, and if that knew the connection the VIP is gone.
    f.add`table=${t.service}, priority=${prio.network}, ${reg.translated}=1, actions=goto_table:${t.route}`;
    f.add`table=${t.serviceProvider}, priority=${prio.exempt}, ct_state=+inv+trk, actions=drop`;

    for (const family of [m`ip`, m`ipv6`]) {
      const back = m`${family}, ct_mark=${masked(connection.translated, connection.translated)}`;
      f.add`table=${t.serviceReply}, priority=${prio.usual}, ct_state=+rpl+trk, ${back},
        actions=move:${reg.zone}->${reg.natZone}, set_field:1->${reg.natBit}, ct(table=${t.dscp},zone=${reg.natZone},nat)`;
      // An ICMP error about such a connection does not always count as a reply; the client's own are translated by now.
      f.add`table=${t.serviceReply}, priority=${prio.usual}, ct_state=+rel-rpl+trk, ${back}, ${reg.translated}=0,
        actions=move:${reg.zone}->${reg.natZone}, set_field:1->${reg.natBit}, ct(table=${t.dscp},zone=${reg.natZone},nat)`;
    }
  },

  service(f, w, s) {
    const zone = zoneOf(w, s.tenant);
    const groups = groupsOf(w, s);
    for (const ip of s.ips) {
      announce(f, w, zone, ip);
      f.add`table=${t.service}, priority=${prio.usual}, ${toAddress(ip)}, ${reg.zone}=${zone},
        actions=set_field:1->${reg.translated}, set_field:${s.id}->${reg.service},
          ct(table=${t.serviceProvider},zone=${natZone(zone)},nat)`;
      // Still addressed to the VIP: no port of it.
      f.add`table=${t.serviceProvider}, priority=${prio.networkGuard}, ${toAddress(ip)}, ${reg.zone}=${zone}, actions=drop`;
      for (const group of groups) if (group.family === familyOf(ip)) portFlow(f, zone, ip, group.port, group);
    }
    for (const group of groups) group.write(f);
  },
};
