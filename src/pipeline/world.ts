/**
 * What a compilation looks at: the desired state, where its ports are on the switch, and what the host's network carries.
 * Neighbours: src/datapath fills in what the host has, every feature file reads.
 * Invariant: compiling reads nothing else, so equal worlds give equal bytes.
 */
import {
  interfaceOf,
  type Endpoint,
  type Group,
  type NetProfile,
  type Network,
  type State,
  type Tenant,
} from '../model/index.js';

/** OpenFlow port numbers as the switch has assigned them; undefined while it has not. */
export interface Ports {
  /** The ofport of a local endpoint's interface. */
  of(iface: string): number | undefined;
  /** The flow-based VXLAN port. */
  readonly tunnel: number | undefined;
  /** The integration bridge's end of the patch to the uplink bridge. */
  readonly uplink: number | undefined;
  /** The integration bridge's own MAC, which no other host has. */
  readonly mac?: Uint8Array | undefined;
}

/** What the ways under the networks carry, in bytes of an IP packet: their NICs, for VXLAN less the outer headers. */
export interface Underlay {
  readonly vlan: number;
  readonly vxlan: number;
}

/** What Ethernet carries where nobody says otherwise. */
export const ethernetMtu = 1500;

export interface World {
  readonly state: State;
  readonly ports: Ports;
  /** Undefined where the datapath cannot compare a packet's length, or has not been asked yet: then nothing is measured. */
  readonly underlay?: Underlay | undefined;
}

/** How large an IP packet of a network may be. */
export function networkMtu(underlay: Underlay, { mtu, encap }: Network): number {
  return mtu ?? underlay[encap];
}

/**
 * What was looked up last. The flows of one owner ask for the same few objects over and over, and owners come in an
 * order in which neighbours share them; in a large state each lookup is a walk through cold memory.
 * A state never changes, so what was found in it stays true; it goes when another state is asked.
 */
interface Recent {
  readonly state: State;
  network: Network | undefined;
  tenant: Tenant | undefined;
  group: Group | undefined;
  policy: { readonly key: string; readonly audit: boolean; readonly sets: readonly number[] } | undefined;
}

let recent: Recent | undefined;

function recentOf(state: State): Recent {
  if (recent?.state !== state)
    recent = { state, network: undefined, tenant: undefined, group: undefined, policy: undefined };
  return recent;
}

/** An endpoint among what its flows speak of. */
interface Surroundings {
  readonly world: World;
  readonly endpoint: Endpoint;
  readonly network: Network;
  readonly group: Group | undefined;
  readonly ofport: number | undefined;
}

let surroundings: Surroundings | undefined;

/** Every feature asks for them, one endpoint after another. */
function surroundingsOf(world: World, endpoint: Endpoint): Surroundings {
  if (surroundings?.endpoint === endpoint && surroundings.world === world) return surroundings;
  surroundings = {
    world,
    endpoint,
    network: networkNamed(world, endpoint),
    group: groupNamed(world, endpoint),
    ofport: portNamed(world, endpoint),
  };
  return surroundings;
}

function portNamed(w: World, e: Endpoint): number | undefined {
  const name = interfaceOf(e);
  return name === undefined ? undefined : w.ports.of(name);
}

function networkNamed(w: World, e: Endpoint): Network {
  const network = networkByKey(w, e.network);
  if (!network) throw new Error(`endpoint ${e.key} is on network ${e.network}, which the state does not have`);
  return network;
}

/** A network by its key: often that of the object before. */
export function networkByKey(w: World, key: string): Network | undefined {
  const last = recentOf(w.state);
  if (last.network?.key !== key) last.network = w.state.networks.get(key);
  return last.network;
}

function groupNamed(w: World, e: Endpoint): Group | undefined {
  if (e.group === undefined) return undefined;
  const last = recentOf(w.state);
  if (last.group?.key !== e.group) last.group = w.state.groups.get(e.group);
  return last.group;
}

/** The ofport of an endpoint that is local and whose interface is there. */
export function localPort(w: World, e: Endpoint): number | undefined {
  // Not only asked for the endpoint that is compiled: a network's flood leads to all of its members.
  return surroundings?.endpoint === e && surroundings.world === w ? surroundings.ofport : portNamed(w, e);
}

/** The network of an endpoint; the model guarantees that it exists. */
export function networkOf(w: World, e: Endpoint): Network {
  return surroundingsOf(w, e).network;
}

/** Whether a network's gateways are answered here and its packets routed; else its gateway is somebody outside. */
export function isRouted(w: World, network: Network): boolean {
  return (network.forwarding ?? w.state.settings.forwardingMode) === 'routing';
}

/** The ct zone of a tenant; the model guarantees that it exists. */
export function zoneOf(w: World, tenant: string): number {
  const last = recentOf(w.state);
  if (last.tenant?.key === tenant) return last.tenant.zone;
  const found = w.state.tenants.get(tenant);
  if (!found) throw new Error(`tenant ${tenant} is named by an object, but the state does not have it`);
  last.tenant = found;
  return found.zone;
}

/** The endpoint's group. */
export function groupOf(w: World, e: Endpoint): Group | undefined {
  return surroundingsOf(w, e).group;
}

/** The endpoint's group, when it has a VLAN or VNI of its own. */
export function taggedGroupOf(w: World, e: Endpoint): Group | undefined {
  const group = groupOf(w, e);
  return group?.tag === undefined ? undefined : group;
}

/** What the endpoint's group allows and marks. */
export function netProfileOf(w: World, group: Group | undefined): NetProfile | undefined {
  return group?.netProfile === undefined ? undefined : w.state.netProfiles.get(group.netProfile);
}

/** The object id of an endpoint's group; 0 for none. */
export function groupId(w: World, e: Endpoint): number {
  return groupOf(w, e)?.id ?? 0;
}

/** A policy's rules are mostly compiled one after another. */
function policyOf(w: World, key: string): NonNullable<Recent['policy']> {
  const last = recentOf(w.state);
  if (last.policy?.key !== key) {
    const audit = w.state.policies.get(key)?.audit === true;
    last.policy = { key, audit, sets: [...w.state.policySets(key)] };
  }
  return last.policy;
}

/** Whether a policy only counts what it would do. */
export function isAudit(w: World, policy: string): boolean {
  return policyOf(w, policy).audit;
}

/** The policy sets that contain a policy. */
export function policySetsOf(w: World, policy: string): readonly number[] {
  return policyOf(w, policy).sets;
}
