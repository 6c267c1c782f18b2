/**
 * The spoof guard: a local endpoint sends only from its own MAC and addresses, ARP and ND included.
 * Neighbours: classify.ts loaded who the port belongs to; what is not allowed here ends in the table's miss, counted.
 */
import { isLinkLocal, type Endpoint } from '../model/index.js';
import { prefix, type Flows, type Masked } from '../openflow/index.js';
import type { Feature } from './feature.js';
import { prio, t } from './layout.js';
import { localPort } from './world.js';
import { linkLocal, noMac, unspecified6 } from './addresses.js';

/** One address, or prefix of addresses, that the endpoint may use with a MAC. */
function ipv4Flows(f: Flows, ofport: number, mac: Uint8Array, ipv4: number | Masked): void {
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, ip, in_port=${ofport}, dl_src=${mac}, nw_src=${ipv4},
    actions=goto_table:${t.sourceSet}`;
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, arp, in_port=${ofport}, dl_src=${mac}, arp_spa=${ipv4}, arp_sha=${mac},
    actions=goto_table:${t.neighbours}`;
}

/**
 * IPv6 of one address: data, its solicitations and its advertisements. The link-layer option must be the endpoint's own
 * MAC or absent (all zero), else a neighbour's cache could be poisoned from an honest source address.
 */
function ipv6Flows(f: Flows, ofport: number, mac: Uint8Array, address: Uint8Array, length = 128): void {
  const ipv6 = prefix(address, length);
  // Some systems announce an address from the link-local one (RFC 4861 §4.4 allows any of the interface's).
  const announcers = isLinkLocal(address) ? [ipv6] : [ipv6, linkLocal(mac)];
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, ipv6, in_port=${ofport}, dl_src=${mac}, ipv6_src=${ipv6},
    actions=goto_table:${t.sourceSet}`;
  for (const option of [mac, noMac]) {
    f.add`table=${t.spoofGuard}, priority=${prio.exempt}, icmp6, icmp_type=135, icmp_code=0, in_port=${ofport}, dl_src=${mac},
      ipv6_src=${ipv6}, nd_sll=${option}, actions=goto_table:${t.neighbours}`;
    for (const from of announcers) {
      f.add`table=${t.spoofGuard}, priority=${prio.exempt}, icmp6, icmp_type=136, icmp_code=0, in_port=${ofport}, dl_src=${mac},
        ipv6_src=${from}, nd_target=${ipv6}, nd_tll=${option}, actions=goto_table:${t.sourceSet}`;
    }
  }
}

/** ICMPv6 that a node may send from `::`: MLD reports (RFC 3590, RFC 3810 §5.2.13) and router solicitations (RFC 4861 §4.1). */
const saidFromNowhere = [131, 132, 133, 143];

/** What only a router may send, which no endpoint is: advertisements and redirects (RFC 6105). */
const routersOnly = [134, 137];

/** What an endpoint says before it has an address: duplicate detection, DHCP, group membership. */
function addresslessFlows(f: Flows, ofport: number, e: Endpoint): void {
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, arp, in_port=${ofport}, dl_src=${e.mac}, arp_op=1, arp_spa=0.0.0.0,
    arp_sha=${e.mac}, actions=goto_table:${t.neighbours}`;
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, udp, in_port=${ofport}, dl_src=${e.mac}, nw_src=0.0.0.0,
    nw_dst=255.255.255.255, tp_src=68, tp_dst=67, actions=goto_table:${t.sourceSet}`;
  f.add`table=${t.spoofGuard}, priority=${prio.usual}, ip, nw_proto=2, in_port=${ofport}, dl_src=${e.mac}, nw_src=0.0.0.0,
    actions=goto_table:${t.sourceSet}`;
  f.add`table=${t.spoofGuard}, priority=${prio.exempt}, icmp6, icmp_type=135, icmp_code=0, in_port=${ofport}, dl_src=${e.mac},
    ipv6_src=${unspecified6}, nd_sll=${noMac}, actions=goto_table:${t.neighbours}`;
  for (const type of saidFromNowhere) {
    f.add`table=${t.spoofGuard}, priority=${prio.usual}, icmp6, icmp_type=${type}, in_port=${ofport}, dl_src=${e.mac},
      ipv6_src=${unspecified6}, actions=goto_table:${t.sourceSet}`;
  }
}

export const spoofGuard: Feature = {
  /** Neighbour discovery counts only as the flows of an endpoint allow it. */
  system(f) {
    for (const type of [135, 136, ...routersOnly]) {
      f.add`table=${t.spoofGuard}, priority=${prio.guard}, icmp6, icmp_type=${type}, actions=drop`;
    }
  },

  endpoint(f, w, e) {
    const ofport = localPort(w, e);
    if (ofport === undefined) return;
    addresslessFlows(f, ofport, e);
    if (e.ipv4 !== undefined) ipv4Flows(f, ofport, e.mac, e.ipv4);
    ipv6Flows(f, ofport, e.mac, linkLocal(e.mac));
    for (const ipv6 of e.ipv6) ipv6Flows(f, ofport, e.mac, ipv6);
    for (const extra of e.allowed) {
      const mac = extra.mac ?? e.mac;
      if (extra.ipv4 !== undefined) ipv4Flows(f, ofport, mac, prefix(extra.ipv4.address, extra.ipv4.length));
      if (extra.ipv6 !== undefined && typeof extra.ipv6.address !== 'number')
        ipv6Flows(f, ofport, mac, extra.ipv6.address, extra.ipv6.length);
    }
  },
};
