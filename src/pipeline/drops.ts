/**
 * Why a packet is dropped: every flow that forwards nothing has a reason, by its table and priority.
 * Neighbours: layout.ts says which tables there are; src/datapath/drops.ts adds up the counters of such flows.
 * Invariant: no flow drops without a reason here (test/pipeline/drops.test.ts). Reasons are public names.
 */
import { contractOf, prio, type TableName } from './layout.js';

/** Reason → what it means to an operator. */
export const dropReasons = {
  unknown_port: 'from a port that is no endpoint, tunnel or uplink',
  tagged: 'a tagged frame from an endpoint, which sends untagged ones only',
  unknown_vlan: 'from the uplink, with a VLAN of no network or group here',
  unknown_vni: 'from the tunnel, with a VNI of no network or group here, or tagged inside',
  unknown_peer: 'from the tunnel, from an address that is no peer',
  unknown_host_address: 'from the host, for no endpoint that it reaches',
  spoof: 'a source address that is not the endpoint’s own',
  neighbour_spoof: 'neighbour discovery that is not the endpoint’s own, or that only routers say',
  advertise: 'an answer in neighbour discovery that could not be written',
  ttl: 'its TTL ended at the gateway; the sender hears of it',
  too_big: 'larger than the network that it is routed into carries; the sender hears of it, or it goes on in fragments',
  no_route: 'for the gateway to forward, but no route leads there',
  not_routed: 'for the gateway’s MAC, in a network that is not routed, or of no protocol that is',
  no_provider: 'for a port of a service that nobody provides; the client hears of it',
  no_service_port: 'for an address of a service, but no port of it',
  unknown_destination: 'for nobody that this host knows',
  not_here: 'from the uplink, for somebody elsewhere: the fabric flooded it',
  ethertype: 'neither IP nor ARP',
  invalid: 'conntrack finds it wrong: a bad checksum, or an answer to nothing',
  midstream: 'TCP of no known connection that does not begin with SYN (settings.midstream is drop)',
  untracked: 'conntrack did not take it',
  policy: 'denied by a rule, or by the default of a group',
  split_horizon: 'came from the tunnel or the uplink and would go back into it',
  no_way_out: 'nobody else is in the network, or there is no uplink',
  no_vtep: 'for the tunnel, but no VTEP IP is set',
  no_peer: 'for the tunnel, but to no peer',
} as const;

export type DropReason = keyof typeof dropReasons;

/** By table: the reason of each priority at which a flow drops. */
const reasons: { readonly [name in TableName]?: Readonly<Record<number, DropReason>> } = {
  classify: { [prio.miss]: 'unknown_port', [prio.networkGuard]: 'tagged' },
  uplink: { [prio.miss]: 'unknown_vlan' },
  tunnelNetwork: { [prio.miss]: 'unknown_vni' },
  tunnelPeer: { [prio.miss]: 'unknown_peer' },
  hostAccess: { [prio.miss]: 'unknown_host_address' },
  spoofGuard: { [prio.miss]: 'spoof', [prio.guard]: 'neighbour_spoof' },
  advertise: { [prio.miss]: 'advertise' },
  serviceProvider: {
    [prio.exempt]: 'invalid',
    [prio.usual]: 'no_provider',
    [prio.networkGuard]: 'no_service_port',
  },
  router: { [prio.guard]: 'ttl' },
  tooBig: { [prio.guard]: 'too_big' },
  route: { [prio.miss]: 'no_route' },
  destination: { [prio.miss]: 'unknown_destination', [prio.guard]: 'not_routed', [prio.networkGuard]: 'not_here' },
  conntrack: { [prio.miss]: 'ethertype' },
  orient: { [prio.miss]: 'untracked', [prio.exempt]: 'invalid', [prio.guard]: 'midstream' },
  deliver: { [prio.miss]: 'no_way_out', [prio.networkGuard]: 'split_horizon' },
  hostOut: { [prio.miss]: 'no_way_out' },
  outerTag: { [prio.miss]: 'no_way_out' },
  tunnelSource: { [prio.miss]: 'no_vtep' },
  tunnelOut: { [prio.miss]: 'no_peer' },
};

/** In these tables every flow that drops is a rule, or a group's default. */
const judging: ReadonlySet<string> = new Set<TableName>(['policyOut', 'policy']);

/** Type and length of Nicira's `controller` action: 0xffff, vendor 0x2320, subtype 37 (ovs: ofp-actions.c). */
const controller = [0xff, 0xff, 0, 0, 0, 0, 0x23, 0x20, 0, 37];

/** Whether a flow with these instructions forwards nothing: no actions, or only to tell the daemon. */
export function isDrop(instructions: Uint8Array): boolean {
  if (instructions.length === 0) return true;
  // Apply-actions with one action: the lengths of the two agree.
  const [, type, high, low] = instructions;
  const actions = instructions.subarray(8);
  if (type !== 4 || high! * 256 + low! !== instructions.length) return false;
  if (actions[2]! * 256 + actions[3]! !== actions.length) return false;
  return controller.every((byte, i) => i === 2 || i === 3 || actions[i] === byte);
}

/** The reason of a flow that drops; undefined for one that is not ours. */
export function dropReason(table: number, priority: number): DropReason | undefined {
  const name = contractOf(table)?.ref.name;
  if (name === undefined) return undefined;
  if (judging.has(name)) return 'policy';
  const reason = reasons[name as TableName]?.[priority];
  // The priorities of routes are the lengths of their prefixes; those that drop are subnets in which nobody has the address.
  return reason ?? (name === 'route' ? 'unknown_destination' : undefined);
}

/** Tables that have flows that drop, ascending. */
export const droppingTables: readonly number[] = Array.from({ length: 255 }, (_, id) => id).filter((id) => {
  const name = contractOf(id)?.ref.name;
  return name !== undefined && (judging.has(name) || Object.hasOwn(reasons, name));
});
