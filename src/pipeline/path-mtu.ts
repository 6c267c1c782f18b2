/**
 * Packets that are too big for the network they are routed into: handed over before anything of them is changed, and not forwarded.
 * Neighbours: router.ts sends here what is to be routed; route.ts goes on with what fits; src/datapath/answers says how large is right.
 * Invariant: only what is routed is measured, and by its way alone: the flows are one a network and one a route, never one an endpoint.
 */
import type { Network, Route } from '../model/index.js';
import { a, m, prefix, type Flows, type Fragment, type Masked } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { addressPriority, connectedPriority, prio, reg, t } from './layout.js';
import { toDaemon } from './punt.js';
import { ethernetMtu, isRouted, networkByKey, networkMtu, zoneOf, type World } from './world.js';

/** Without a tag, which is off by then: check_pkt_larger counts the frame (ovs-actions(7)). */
const ethernetHeader = 14;

/**
 * How long a packet into the network may be, or undefined where none can be longer: a workload sends what its own network carries, or
 * Ethernet's 1500 when nobody has told it.
 */
function limitOf({ underlay }: World, mtu: number): number | undefined {
  if (underlay === undefined || mtu >= Math.max(ethernetMtu, underlay.vlan, underlay.vxlan)) return undefined;
  return mtu;
}

const unmeasured = a`goto_table:${t.route}`;

/** What is not measured goes on all the same: a wider route might be measured. */
function measured(limit: number | undefined): Fragment {
  if (limit === undefined) return unmeasured;
  // The switch takes both ways from here on: the rest of the actions is nested in the comparison.
  return a`set_field:${limit}->${reg.mtu}, check_pkt_larger(${limit + ethernetHeader})->${reg.tooBig}, goto_table:${t.tooBig}`;
}

function ipv4Flow(f: Flows, priority: number, zone: number, to: number | Masked, action: Fragment): void {
  f.add`table=${t.pathMtu}, priority=${priority}, ip, ${reg.zone}=${zone}, nw_dst=${to}, actions=${action}`;
}

function ipv6Flow(f: Flows, priority: number, zone: number, to: Uint8Array | Masked, action: Fragment): void {
  f.add`table=${t.pathMtu}, priority=${priority}, ipv6, ${reg.zone}=${zone}, ipv6_dst=${to}, actions=${action}`;
}

export const pathMtu: Feature = {
  system(f, { underlay }) {
    if (underlay === undefined) return;
    for (const family of [m`ip`, m`ipv6`]) {
      f.add`table=${t.tooBig}, priority=${prio.guard}, ${family}, ${reg.tooBig}=1, actions=${toDaemon.tooBig}`;
    }
  },

  network(f, w, n: Network) {
    if (w.underlay === undefined || !isRouted(w, n)) return;
    const { subnet, ipv6Subnet } = n;
    const action = measured(limitOf(w, networkMtu(w.underlay, n)));
    const zone = zoneOf(w, n.tenant);
    if (typeof subnet?.address === 'number') {
      ipv4Flow(f, connectedPriority(subnet.length), zone, prefix(subnet.address, subnet.length), action);
    }
    if (ipv6Subnet && typeof ipv6Subnet.address !== 'number') {
      ipv6Flow(f, connectedPriority(ipv6Subnet.length), zone, prefix(ipv6Subnet.address, ipv6Subnet.length), action);
    }
  },

  route(f, w, { tenant, network, prefix: { address, length } }: Route) {
    const into = networkByKey(w, network);
    if (w.underlay === undefined || into === undefined) return;
    const action = measured(limitOf(w, networkMtu(w.underlay, into)));
    const zone = zoneOf(w, tenant);
    if (typeof address === 'number') ipv4Flow(f, addressPriority(length), zone, prefix(address, length), action);
    else ipv6Flow(f, addressPriority(length), zone, prefix(address, length), action);
  },
};
