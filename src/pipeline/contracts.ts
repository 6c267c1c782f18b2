/**
 * Each table's contract: what it may match, where its packets may go, what becomes of the rest.
 * Neighbours: tables.ts has their names, layout.ts the registers and priorities; test/pipeline/contract.test.ts rejects a flow that
 * breaks its table's contract; docs/pipeline.md is written from it.
 */
import type { TableRef } from '../openflow/index.js';
import { ruleMatches } from './rule-fields.js';
import { t, type TableName } from './tables.js';

/** What a table may match, where its packets may go, and what happens to a packet that no flow matches. */
export interface TableContract {
  readonly ref: TableRef;
  /** One sentence for operators: what the table decides. */
  readonly purpose: string;
  /** Fields a flow of this table may match, by ovs-fields(7) name or register name. */
  readonly matches: readonly string[];
  /** Tables its flows may send a packet to, by goto_table or ct. */
  readonly next: readonly TableName[];
  /** Tables it looks something up in before it goes on, by resubmit; these come back. */
  readonly asks?: readonly TableName[];
  readonly miss: { readonly to: TableName } | { readonly drop: string };
}

export const contracts: readonly TableContract[] = [
  {
    ref: t.classify,
    purpose: 'Which port a frame came from: a local endpoint, the tunnel, the uplink or the host.',
    matches: ['in_port', 'vlan_tci'],
    next: ['uplink', 'tunnelNetwork', 'hostAccess', 'spoofGuard'],
    miss: { drop: 'no known port, or a tagged frame from an endpoint (VLAN 0 is a tag, too)' },
  },
  {
    ref: t.uplink,
    purpose:
      'The VLAN tag of a frame from the uplink names its network, or a group, whose network it is; what outside asks of its gateway is answered.',
    matches: [
      'dl_vlan',
      'dl_dst',
      'dl_type',
      'arp_op',
      'arp_tpa',
      'nw_proto',
      'nw_dst',
      'ipv6_dst',
      'icmp_type',
      'icmp_code',
      'nd_target',
    ],
    next: ['advertise', 'source'],
    miss: { drop: 'a VLAN of no network or group here' },
  },
  {
    ref: t.tunnelNetwork,
    purpose: 'The VNI of a frame from the tunnel names its network, or a group, whose network it is.',
    matches: ['tun_id', 'vlan_tci'],
    next: ['tunnelPeer'],
    miss: { drop: 'a VNI of no network or group here, or a tagged frame' },
  },
  {
    ref: t.tunnelPeer,
    purpose: 'Only known peers may send through the tunnel.',
    matches: ['tun_src', 'tun_ipv6_src'],
    next: ['source'],
    miss: { drop: 'a tunnel frame from an address that is no peer' },
  },
  {
    ref: t.hostAccess,
    purpose: 'What the host sends to an endpoint’s address in the host’s subnet gets the endpoint’s own.',
    matches: ['dl_type', 'arp_op', 'arp_tpa', 'nw_dst'],
    next: ['source'],
    miss: { drop: 'from the host, and for no endpoint' },
  },
  {
    ref: t.spoofGuard,
    purpose: 'A local endpoint sends only from its own MAC and addresses.',
    matches: [
      'in_port',
      'dl_src',
      'dl_type',
      'nw_src',
      'nw_dst',
      'nw_proto',
      'ipv6_src',
      'arp_op',
      'arp_spa',
      'arp_sha',
      'tp_src',
      'tp_dst',
      'icmp_type',
      'icmp_code',
      'nd_target',
      'nd_sll',
      'nd_tll',
    ],
    next: ['neighbours', 'sourceSet'],
    miss: { drop: 'a source address that is not the endpoint’s own' },
  },
  {
    ref: t.neighbours,
    purpose:
      'What local endpoints ask for by ARP or neighbour discovery is answered here, if it is a gateway, a VIP or a known endpoint.',
    matches: [
      'in_port',
      'dl_type',
      'arp_op',
      'arp_tpa',
      'nw_proto',
      'icmp_type',
      'icmp_code',
      'nd_target',
      'network',
      'zone',
    ],
    next: ['advertise', 'destination'],
    miss: { to: 'destination' },
  },
  {
    ref: t.advertise,
    purpose: 'A solicitation that became an advertisement gets its addresses and flags and goes back.',
    matches: ['dl_type', 'dl_src', 'nw_proto', 'icmp_type', 'icmp_code', 'ipv6_src'],
    next: [],
    miss: { drop: 'not an advertisement' },
  },
  {
    ref: t.source,
    purpose: 'The group of a sender that is not behind a local port, by its address.',
    matches: ['dl_type', 'zone', 'network', 'nw_src', 'ipv6_src'],
    next: ['sourceSet'],
    miss: { to: 'sourceSet' },
  },
  {
    ref: t.sourceSet,
    purpose: 'The policy set of the sender’s group.',
    matches: ['sourceGroup'],
    next: ['serviceHairpin'],
    miss: { to: 'serviceHairpin' },
  },
  {
    ref: t.serviceHairpin,
    purpose: 'What a provider sends to a VIP of its own may be a reply to itself: the NAT zone knows.',
    matches: ['dl_type', 'zone', 'nw_src', 'nw_dst', 'ipv6_src', 'ipv6_dst', 'related'],
    next: ['service'],
    miss: { to: 'service' },
  },
  {
    ref: t.service,
    purpose: 'Packets to a VIP of the tenant go through its NAT zone, where a live connection has its provider.',
    matches: ['dl_type', 'zone', 'nw_dst', 'ipv6_dst', 'translated'],
    next: ['serviceProvider', 'route', 'router'],
    miss: { to: 'router' },
  },
  {
    ref: t.serviceProvider,
    purpose: 'A new connection to a VIP’s port gets a provider from a group, or word that there is none.',
    matches: ['ct_state', 'dl_type', 'zone', 'nw_dst', 'ipv6_dst', 'ct_nw_proto', 'ct_tp_dst'],
    next: ['route'],
    miss: { to: 'route' },
  },
  {
    ref: t.router,
    purpose:
      'Frames for the distributed gateway: its ping is answered, the last hop of a TTL ends here, the rest is routed.',
    matches: [
      'dl_type',
      'dl_dst',
      'network',
      'zone',
      'origin',
      'nw_dst',
      'ipv6_dst',
      'nw_proto',
      'nw_ttl',
      'icmp_type',
      'icmp_code',
    ],
    next: ['pathMtu', 'destination', 'receiver'],
    miss: { to: 'destination' },
  },
  {
    ref: t.pathMtu,
    purpose: 'How long a routed packet may be where it goes, and whether it is longer.',
    matches: ['dl_type', 'zone', 'nw_dst', 'ipv6_dst'],
    next: ['tooBig', 'route'],
    miss: { to: 'route' },
  },
  {
    ref: t.tooBig,
    purpose: 'What is too big for its way ends here: the daemon answers, or cuts it into fragments.',
    matches: ['dl_type', 'tooBig'],
    next: ['route'],
    miss: { to: 'route' },
  },
  {
    ref: t.route,
    purpose: 'The longest prefix of the tenant decides: into which network, and to whose MAC.',
    matches: ['dl_type', 'zone', 'origin', 'nw_dst', 'ipv6_dst'],
    next: ['destination', 'receiver'],
    miss: { drop: 'no route to the address' },
  },
  {
    ref: t.destination,
    purpose: 'Who a frame is for, that one’s group, and how it gets there.',
    matches: ['network', 'origin', 'dl_dst'],
    next: ['destinationSet', 'receiver'],
    miss: { drop: 'no such destination' },
  },
  {
    ref: t.receiver,
    purpose:
      'The group of a receiver whose MAC nobody here has, by its address: behind a router, or addressed as everybody.',
    matches: ['dl_type', 'zone', 'network', 'nw_dst', 'ipv6_dst'],
    next: ['destinationSet', 'conntrack'],
    miss: { to: 'conntrack' },
  },
  {
    ref: t.destinationSet,
    purpose: 'The policy set of the receiver’s group.',
    matches: ['destinationGroup'],
    next: ['conntrack'],
    miss: { to: 'conntrack' },
  },
  {
    ref: t.conntrack,
    purpose: 'IP goes through connection tracking; ARP, ND, MLD and DHCP are never judged.',
    matches: ['dl_type', 'nw_proto', 'icmp_type', 'tp_src', 'tp_dst', 'origin', 'delivery', 'related'],
    next: ['orient', 'deliver'],
    miss: { drop: 'neither IP nor ARP' },
  },
  {
    ref: t.orient,
    purpose:
      'Replies get their two sides exchanged, ICMP errors those of their connection, so that rules see its first direction.',
    matches: [
      'ct_state',
      'ct_mark',
      'dl_type',
      'nw_frag',
      'nw_proto',
      'tcp_flags',
      'zone',
      'ct_nw_src',
      'ct_nw_dst',
      'ct_ipv6_src',
      'ct_ipv6_dst',
      'ct_nw_proto',
      'ct_tp_src',
      'ct_tp_dst',
    ],
    next: ['auditOut', 'commit', 'serviceReply'],
    asks: ['source', 'receiver'],
    miss: { drop: 'not tracked' },
  },
  {
    ref: t.auditOut,
    purpose: 'Counts what the out-rules of audited policies would decide, when the two sides are judged separately.',
    matches: ruleMatches,
    next: ['audit'],
    miss: { to: 'audit' },
  },
  {
    ref: t.audit,
    purpose: 'Counts what the rules of audited policies would decide; it changes no verdict.',
    matches: ruleMatches,
    next: ['policyOut'],
    miss: { to: 'policyOut' },
  },
  {
    ref: t.policyOut,
    purpose: 'The out-rules, when the two sides are judged separately (policyMode both-sides).',
    matches: ruleMatches,
    next: ['policy'],
    miss: { to: 'policy' },
  },
  {
    ref: t.policy,
    purpose: 'The rules, by the original tuple of the connection; of separate sides, the in-rules.',
    matches: ruleMatches,
    next: ['commit'],
    miss: { to: 'commit' },
  },
  {
    ref: t.commit,
    purpose: 'A new connection that was allowed is remembered.',
    matches: ['ct_state', 'ct_mark', 'dl_type', 'translated'],
    next: ['serviceReply', 'dscp'],
    miss: { to: 'serviceReply' },
  },
  {
    ref: t.serviceReply,
    purpose: 'Replies of a connection to a VIP get the VIP as their source again; a provider’s packet to itself, too.',
    matches: [
      'ct_state',
      'ct_mark',
      'dl_type',
      'zone',
      'translated',
      'service',
      'nw_src',
      'nw_dst',
      'ipv6_src',
      'ipv6_dst',
    ],
    next: ['dscp'],
    miss: { to: 'dscp' },
  },
  {
    ref: t.dscp,
    purpose: 'The priority that a net profile gives to what a member of its group sends.',
    matches: ['in_port', 'dl_type'],
    next: ['bandwidthFrom'],
    miss: { to: 'bandwidthFrom' },
  },
  {
    ref: t.bandwidthFrom,
    purpose: 'What a member of a group with a net profile sends passes a meter: its own, or the group’s.',
    matches: ['in_port'],
    next: ['bandwidthTo'],
    miss: { to: 'bandwidthTo' },
  },
  {
    ref: t.bandwidthTo,
    purpose: 'What a member of a group with a net profile receives passes another; copies for everybody do not.',
    matches: ['delivery', 'target'],
    next: ['deliver'],
    miss: { to: 'deliver' },
  },
  {
    ref: t.deliver,
    purpose: 'Out to a local port, the uplink, the tunnel, or to all of a network.',
    matches: ['network', 'origin', 'delivery', 'target', 'in_port', 'dl_src', 'dl_type'],
    next: ['hostOut', 'outerTag'],
    asks: ['deliver'],
    miss: { drop: 'no way out' },
  },
  {
    ref: t.hostOut,
    purpose: 'Out to the host, from the endpoint’s address in the host’s subnet.',
    matches: [],
    next: [],
    miss: { drop: 'the host has no port' },
  },
  {
    ref: t.outerTag,
    purpose: 'The VLAN or VNI outside: the network’s, or that of the sender’s group when it has one of its own there.',
    matches: ['network', 'taggedGroup'],
    next: ['tunnelSource'],
    miss: { drop: 'no way out' },
  },
  {
    ref: t.tunnelSource,
    purpose: 'The outer source address: the VTEP IP, in one flow.',
    matches: [],
    next: ['tunnelOut'],
    miss: { drop: 'no VTEP IP is set' },
  },
  {
    ref: t.tunnelOut,
    purpose: 'The outer destination address, by peer; or one copy for each peer with members.',
    matches: ['delivery', 'network', 'target'],
    next: [],
    asks: ['tunnelOut'],
    miss: { drop: 'no such peer' },
  },
];

/** The contract of a table by its number, or undefined for a table that is not ours. */
export function contractOf(tableId: number): TableContract | undefined {
  return contracts[tableId];
}
