/**
 * The pipeline as data: tables in packet order, registers, priorities.
 * Neighbours: every other file of this room takes its numbers from here; test/pipeline/contract.test.ts rejects a flow
 * that breaks its table's contract; docs/pipeline.md is written from it.
 * Invariant: no table number, bit range or priority is written anywhere else.
 */
import { routerMac } from '../model/index.js';
import { register, table, type RegRange, type TableRef } from '../openflow/index.js';

/** What a table may match, where its packets may go, and what happens to a packet that no flow matches. */
export interface TableContract {
  readonly ref: TableRef;
  /** One sentence for operators: what the table decides. */
  readonly purpose: string;
  /** Fields a flow of this table may match, by ovs-fields(7) name or register name. */
  readonly matches: readonly string[];
  /** Tables its flows may send a packet to, by goto_table or ct. */
  readonly next: readonly TableName[];
  readonly miss: { readonly to: TableName } | { readonly drop: string };
}

export type TableName = (typeof tableNames)[number];

/** Order of declaration is order of tables, and goto_table may only go forward. */
const tableNames = [
  'classify',
  'uplink',
  'tunnelNetwork',
  'tunnelPeer',
  'spoofGuard',
  'neighbours',
  'advertise',
  'source',
  'sourceSet',
  'router',
  'route',
  'destination',
  'receiver',
  'destinationSet',
  'conntrack',
  'orient',
  'auditOut',
  'audit',
  'policyOut',
  'policy',
  'commit',
  'dscp',
  'bandwidthFrom',
  'bandwidthTo',
  'deliver',
  'tunnelSource',
  'tunnelOut',
] as const;

export const t = Object.fromEntries(tableNames.map((name, id) => [name, table(name, id)])) as {
  readonly [name in TableName]: TableRef;
};

/** Per-packet scratch. The numbers in them are object ids, so every host writes the same ones. */
export const reg = {
  /** The packet's network: the object id of the network. */
  network: register(0, 0, 31, 'network'),
  /** The tenant's ct zone, which is also its routing space. */
  zone: register(1, 0, 15, 'zone'),
  /** Where the packet came from: `origin`. */
  origin: register(1, 16, 19, 'origin'),
  /** How it leaves: `delivery`. */
  delivery: register(1, 20, 23, 'delivery'),
  sourceGroup: register(2, 0, 31, 'sourceGroup'),
  sourceSet: register(3, 0, 31, 'sourceSet'),
  destinationGroup: register(4, 0, 31, 'destinationGroup'),
  destinationSet: register(5, 0, 31, 'destinationSet'),
  /** The ofport (delivery local) or the peer's object id (delivery tunnel). */
  target: register(6, 0, 31, 'target'),
  /** Holds one side while a reply's two sides are exchanged. */
  scratch: register(7, 0, 31, 'scratch'),
  /** The network of the endpoint that sends, or receives; not always the one the frame is in, since routers stand between. */
  sourceNetwork: register(8, 0, 31, 'sourceNetwork'),
  destinationNetwork: register(9, 0, 31, 'destinationNetwork'),
  /** What a packet handed to the daemon is too big for: the MTU in bytes of the way ahead (`punt.tooBig`). */
  mtu: register(15, 0, 15, 'mtu'),
} as const satisfies Record<string, RegRange>;

/** Values of `reg.origin`. */
export const origin = { endpoint: 1, tunnel: 2, uplink: 3 } as const;

/** Values of `reg.delivery`. */
export const delivery = { local: 1, tunnel: 2, uplink: 3, flood: 4 } as const;

/**
 * Why a packet is handed to the daemon: the first byte of `controller(userdata=…)`, and the number of the meter that bounds how
 * often (meters below 16 are the system's). punt.ts writes the actions; src/datapath answers or logs.
 */
export const punt = { timeExceeded: 1, tooBig: 2, noProvider: 3, denied: 4 } as const;

/** Values of ct_mark: whether policy has let the connection pass while `onPolicyChange` was keep. */
export const connection = { unmarked: 0, allowed: 1 } as const;

/** Priorities. A miss flow is 0; rules of a policy have a band of their own. */
export const prio = {
  miss: 0,
  /** What a whole network does with what nothing else claimed. */
  network: 10,
  /** Refusals that must win over a network's catch-all. */
  networkGuard: 20,
  usual: 100,
  /** Refusals inside an endpoint's own traffic. */
  guard: 200,
  /** What is allowed in spite of a guard. */
  exempt: 300,
} as const;

/** The MAC of every gateway and of every other address that the switch answers for itself. One on all hosts, so that an endpoint may move. */
export { routerMac };

/** The priority of a group by address: the more specific prefix decides. `length` in bits. */
export function addressPriority(length: number): number {
  return prio.usual + length;
}

/** Sub-levels of one rule priority: deny before allow; the free ones keep conjunctive flows apart from plain ones. */
const ruleLevels = 8;
const ruleBase = 1000;
const subLevel = { deny: 6, allow: 2 } as const;

/** The OpenFlow priority of a policy rule. `priority` 1–100, or 0 for a group's default. */
export function rulePriority(priority: number, action: 'allow' | 'deny'): number {
  return ruleBase + priority * ruleLevels + subLevel[action];
}

/** Meters of a limit, one each direction. */
export interface Meters {
  readonly from: number;
  readonly to: number;
}

/**
 * The switch's meter ids. An endpoint's follow from its ofport, which nobody else has at the time and which is below
 * 2^16; a group's from a number of its own above that. So none is ever given to two, and a restart finds them as they were.
 */
export function endpointMeters(ofport: number): Meters {
  return { from: 2 * ofport, to: 2 * ofport + 1 };
}

/** `number`: the group's `meters`. */
export function groupMeters(number: number): Meters {
  return { from: 2 * number, to: 2 * number + 1 };
}

/** What a rule may match: the original tuple of a connection and who its two ends are. */
const ruleMatches = [
  'dl_type',
  'ct_state',
  'ct_nw_src',
  'ct_nw_dst',
  'ct_ipv6_src',
  'ct_ipv6_dst',
  'ct_nw_proto',
  'ct_tp_src',
  'ct_tp_dst',
  'sourceNetwork',
  'destinationNetwork',
  'sourceGroup',
  'sourceSet',
  'destinationGroup',
  'destinationSet',
];

export const contracts: readonly TableContract[] = [
  {
    ref: t.classify,
    purpose: 'Which port a frame came from: a local endpoint, the tunnel or the uplink.',
    matches: ['in_port', 'vlan_tci'],
    next: ['uplink', 'tunnelNetwork', 'spoofGuard'],
    miss: { drop: 'no known port, or a tagged frame from an endpoint (VLAN 0 is a tag, too)' },
  },
  {
    ref: t.uplink,
    purpose: 'The VLAN tag of a frame from the uplink names its network.',
    matches: ['dl_vlan'],
    next: ['source'],
    miss: { drop: 'a VLAN that is no network here' },
  },
  {
    ref: t.tunnelNetwork,
    purpose: 'The VNI of a frame from the tunnel names its network.',
    matches: ['tun_id', 'vlan_tci'],
    next: ['tunnelPeer'],
    miss: { drop: 'a VNI that is no network here, or a tagged frame' },
  },
  {
    ref: t.tunnelPeer,
    purpose: 'Only known peers may send through the tunnel.',
    matches: ['tun_src', 'tun_ipv6_src'],
    next: ['source'],
    miss: { drop: 'a tunnel frame from an address that is no peer' },
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
      'What local endpoints ask for by ARP or neighbour discovery is answered here, if it is a gateway or a known endpoint.',
    matches: ['in_port', 'dl_type', 'arp_op', 'arp_tpa', 'nw_proto', 'icmp_type', 'icmp_code', 'nd_target', 'network'],
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
    next: ['router'],
    miss: { to: 'router' },
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
    next: ['route', 'destination'],
    miss: { to: 'destination' },
  },
  {
    ref: t.route,
    purpose: 'The longest prefix of the tenant decides: into which network, and to whose MAC.',
    matches: ['dl_type', 'zone', 'nw_dst', 'ipv6_dst'],
    next: ['destination'],
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
    matches: ['dl_type', 'nw_proto', 'icmp_type', 'tp_src', 'tp_dst', 'origin'],
    next: ['orient', 'deliver'],
    miss: { drop: 'neither IP nor ARP' },
  },
  {
    ref: t.orient,
    purpose: 'Replies get their two sides exchanged, so that rules see the connection’s first direction.',
    matches: ['ct_state', 'ct_mark', 'dl_type', 'nw_proto', 'tcp_flags'],
    next: ['auditOut', 'commit', 'dscp'],
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
    matches: ['ct_state', 'ct_mark', 'dl_type'],
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
    matches: ['network', 'origin', 'delivery'],
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
    miss: { drop: 'no such peer' },
  },
];

/** The contract of a table by its number, or undefined for a table that is not ours. */
export function contractOf(tableId: number): TableContract | undefined {
  return contracts[tableId];
}
